"""Names as banks write them, told as people write them."""

import pytest

from services.identity.citizen.claims import split_name


@pytest.mark.parametrize(
    ("bank_name", "given_name", "family_name"),
    [
        ("TESTI ANNA", "Anna", "Testi"),
        ("MÄKI VÄINÖ OLAVI", "Väinö Olavi", "Mäki"),
        ("VON ESSEN GÖRAN", "Göran", "von Essen"),
        ("KORHONEN-LAHTI ANNA-LIISA", "Anna-Liisa", "Korhonen-Lahti"),
        ("Meikäläinen Maija", "Maija", "Meikäläinen"),
        ("TESTI", "", "Testi"),
        ("VON", "", "Von"),
        ("LE ANH", "Anh", "Le"),
        ("DO THI HUONG", "Thi Huong", "Do"),
        ("O'BRIEN SEAN", "Sean", "O'Brien"),
        ("O’BRIEN-D’ARCY SEÁN", "Seán", "O’Brien-D’Arcy"),
        ("AL HASSAN MOHAMED", "Mohamed", "Al Hassan"),
        ("DOS SANTOS MARIA", "Maria", "dos Santos"),
        ("TEN BRINK JAN", "Jan", "ten Brink"),
        ("VAN DEN BERG JAN", "Jan", "van den Berg"),
        ("VAN DEN", "Den", "Van"),
        ("MÄKELÄ VIRTANEN ANNA", "Virtanen Anna", "Mäkelä"),
        ("  TESTI   ANNA ", "Anna", "Testi"),
    ],
)
def test_the_family_name_comes_first_and_nobody_is_shouted_at(
    bank_name: str, given_name: str, family_name: str
) -> None:
    assert split_name(bank_name) == (given_name, family_name)
