"""Every kind of reply that a mail server can give instead of the usual one."""

import asyncio

from tests.service.notifier.scripted_server import Odd, reply

SUCCESSES = (211, 220, 250, 251, 252, 334, 354)
REFUSALS = (
    421,
    432,
    450,
    451,
    452,
    454,
    500,
    501,
    502,
    503,
    504,
    521,
    530,
    535,
    550,
    551,
    552,
    553,
    554,
    555,
    571,
)
CLOSING = 421
NEITHER = (0, 100, 199, 600, 999)


async def _hang_up(writer: asyncio.StreamWriter, _: bytes) -> None:
    writer.transport.abort()
    raise ConnectionResetError


async def _end_politely(writer: asyncio.StreamWriter, _: bytes) -> None:
    writer.write_eof()
    await asyncio.sleep(5)


async def _silence(_writer: asyncio.StreamWriter, _: bytes) -> None:
    await asyncio.sleep(5)


async def _half_and_gone(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual[:2])
    await writer.drain()
    writer.close()
    raise ConnectionResetError


async def _without_its_end(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual.rstrip(b"\r\n"))
    await writer.drain()
    writer.close()
    raise ConnectionResetError


async def _byte_by_byte(writer: asyncio.StreamWriter, usual: bytes) -> None:
    for place in range(len(usual)):
        writer.write(usual[place : place + 1])
        await writer.drain()
        await asyncio.sleep(0)


async def _line_feeds_only(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual.replace(b"\r\n", b"\n"))


async def _carriage_returns_only(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual.replace(b"\r\n", b"\r"))


async def _empty_lines_before(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(b"\r\n\r\n" + usual)


async def _twice(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual + usual)


async def _once_more_later(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual)
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(usual)


async def _closing_behind(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual + b"421 4.3.2 closing\r\n")


async def _with_nothing_behind_the_code(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual[:3] + b"\r\n")


async def _in_many_lines(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write((usual[:3] + b"-line\r\n") * 20 + usual)


async def _in_lines_of_different_codes(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(b"299-one\r\n499-two\r\n" + usual)


async def _in_latin_1(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual[:4] + b"hyv\xe4\xe4 p\xe4iv\xe4\xe4\xff\r\n" if usual[3:4] == b" " else usual)


async def _with_a_nul(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual[:4] + b"\x00" + usual[4:])


async def _flood(writer: asyncio.StreamWriter, usual: bytes) -> None:
    for _ in range(64):
        writer.write(usual[:3] + b"-" + b"x" * 4096 + b"\r\n")
        await writer.drain()


async def _line_without_end(writer: asyncio.StreamWriter, usual: bytes) -> None:
    writer.write(usual[:3] + b" " + b"x" * 200_000)
    await writer.drain()
    await asyncio.sleep(5)


KINDS: dict[str, Odd] = {
    "hangs up": Odd(_hang_up),
    "ends its side": Odd(_end_politely, doubtful=True),
    "is silent": Odd(_silence, doubtful=True),
    "says half and hangs up": Odd(_half_and_gone),
    "hangs up before the line's end": Odd(_without_its_end),
    "byte by byte": Odd(_byte_by_byte),
    "line feeds only": Odd(_line_feeds_only),
    "carriage returns only": Odd(_carriage_returns_only, doubtful=True),
    "empty lines before": Odd(_empty_lines_before, doubtful=True),
    "twice": Odd(_twice, doubtful=True),
    "once more later": Odd(_once_more_later),
    "closing behind": Odd(_closing_behind, doubtful=True),
    "a code alone": Odd(_with_nothing_behind_the_code),
    "many lines": Odd(_in_many_lines),
    "different codes": Odd(_in_lines_of_different_codes, doubtful=True),
    "Latin-1": Odd(_in_latin_1),
    "a NUL": Odd(_with_a_nul, doubtful=True),
    "a flood": Odd(_flood, doubtful=True),
    "a line without end": Odd(_line_without_end, doubtful=True),
    "no code": reply(b"what?\r\n", doubtful=True),
    "no code, and no end": reply(b"what?", doubtful=True),
    "a code of letters": reply(b"2s0 ok\r\n", doubtful=True),
    "digits of another script": reply("٢٥٠ ok\r\n".encode(), doubtful=True),
    "a tab behind the code": reply(b"250\tok\r\n", doubtful=True),
    "four digits": reply(b"2500 ok\r\n", doubtful=True),
    "a space before the code": reply(b" 250 ok\r\n", doubtful=True),
    "a sign before the code": reply(b"+50 ok\r\n", doubtful=True),
    "an unfinished list": reply(b"250-one\r\n250-two\r\n", doubtful=True),
    "HTTP": reply(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", doubtful=True),
    "TLS": reply(bytes.fromhex("15030300020228"), doubtful=True),
    "too many": reply(b"550 5.7.1 too many emails per second\r\n"),
    "greylisted": reply(b"451 4.7.1 greylisted\r\n"),
    **{
        str(code): reply(b"%03d odd\r\n" % code, doubtful=code == CLOSING) for code in (*SUCCESSES, *REFUSALS)
    },
    **{str(code): reply(b"%03d odd\r\n" % code, doubtful=True) for code in NEITHER},
}
