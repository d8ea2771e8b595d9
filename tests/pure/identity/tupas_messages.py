"""Published TUPAS messages, and what becomes of one when it is read."""

from datetime import UTC, datetime

from services.identity.tupas import (
    Keys,
    Request,
    Response,
    TupasRefused,
    read_response,
    to_query,
    with_mac,
)
from services.identity.verify_tupas import verify_response

OP_KEY = "Esittelykauppiaansalainentunnus"
REQUEST = [
    "701",
    "0002",
    "999",
    "FI",
    "20190328083920000000",
    "12",
    "http://localhost/tupasreturn",
    "http://localhost/tupascancel",
]
Q1 = [*REQUEST, "http://localhost/tupasreject", "0001", "03"]
R1 = [
    "0003",
    "50020141123184741267849",
    "2676202678",
    "20141123064649123456",
    "TESTI ANNA",
    "0001",
    "03",
    "081181-9984",
    "01",
]
R5 = [
    "0002",
    "99920190328064742000000",
    "1234567890",
    "20190328083920000000",
    "Erkki Esimerkki",
    "0001",
    "03",
    "010101-001A",
    "01",
]
R6 = [
    "0003",
    "50020181017141433899056",
    "2512408990",
    "20010125140015123456",
    "FIRST LAST",
    "0001",
    "03",
    "9984",
    "02",
]
R7 = [*R6[:4], "VÄINÖ MÄKI", *R6[5:]]
VECTORS: dict[str, tuple[Request | Response, str, str]] = {
    "Q1": (
        Request(*Q1),
        "fake-checksum-key",
        "D994AA5842A2131085D511B512CC68D64B0E0D50BAD77F98C8D296A3D15E2923",
    ),
    "R1": (Response(*R1), OP_KEY, "DFECBA49225E966ECB4885DA40D64CD74B76341712A2A68BDF80307EC6715B42"),
    "R5": (
        Response(*R5),
        "fake-checksum-key",
        "BFF313764E23635E123AC538601DD4CF4B8FEE8421E855563A2AEF05FB1B8F9F",
    ),
    "R6": (Response(*R6), "inputsecret", "EBA959A76B87AE8996849E7C0C08D4AC44B053183BE12C0DAC2AD0C86F9F2542"),
    "R7": (Response(*R7), "inputsecret", "88AAF3CE995A7887935A50B0F483C4FB35D908D6ABC8BADDB9B4C0C30416275D"),
}
R7_AS_UTF_8 = "D097F084296A5504BF8AEFA839B5BEC4453F5EFAD67FCB543C0EE554824151EF"

KEYS = Keys({"0001": OP_KEY})
NOW = datetime(2014, 11, 23, 16, 47, 41, tzinfo=UTC)
ASKED = Request(
    "701",
    "0003",
    "Esittelymyyja",
    "FI",
    R1[3],
    "02",
    "https://a.fi/r",
    "https://a.fi/c",
    "https://a.fi/j",
    "0001",
    "03",
)


def refusal(
    query: str, *, keys: Keys = KEYS, asked: Request = ASKED, now: datetime = NOW, bank_number: str = "500"
) -> str:
    """Return the reason for which a response is refused, or "" when it is believed."""
    try:
        verify_response(
            read_response(query.encode("iso-8859-1")),
            bank_number=bank_number,
            keys=keys,
            asked=asked,
            now=now,
        )
    except TupasRefused as refused:
        return refused.reason
    return ""


def query_of(response: Response, key: str = OP_KEY) -> str:
    return to_query(with_mac(response, Keys({response.keyvers: key})))
