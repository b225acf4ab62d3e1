"""Writes `firmware/coil_protocol.h` from coil_protocol: `python -m devices.coil_header`. A test compares the two."""

import re
from pathlib import Path

from .coil_protocol import (
    CHANNELS,
    ENUMERATIONS,
    FREE_SEED,
    HASH_BYTES,
    MESSAGES,
    TEMPERATURE_UNREADABLE,
    VERSION,
    Message,
    field_bytes,
    layout_hash,
    wire_fields,
)

HEADER = Path(__file__).parent / "firmware" / "coil_protocol.h"
_C_TYPE = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "i16": "int16_t", "i32": "int32_t"}
_SIZE = {"u8": 1, "u16": 2, "u32": 4, "i16": 2, "i32": 4}


def c_header() -> str:
    """Text of the header: constants, structs, and one packer or unpacker a message, byte by byte and so independent of the processor."""
    seed, layout = (", ".join(f"0x{byte:02x}" for byte in data) for data in (FREE_SEED, layout_hash()))
    lines = [
        "/* Written by `python -m devices.coil_header` from devices/coil_protocol.py, which says what it all means. Do not edit. */",
        "#ifndef COIL_PROTOCOL_H",
        "#define COIL_PROTOCOL_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define COIL_VERSION {VERSION}u",
        f"#define COIL_CHANNELS {CHANNELS}u",
        f"#define COIL_HASH_BYTES {HASH_BYTES}u",
        f"#define COIL_LAYOUT {{{layout}}}",
        f"#define COIL_FREE_SEED {{{seed}}}",
        f"#define COIL_FREE_SEED_BYTES {len(FREE_SEED)}u",
        f"#define COIL_TEMPERATURE_UNREADABLE ({TEMPERATURE_UNREADABLE + 1} - 1)",
        f"#define COIL_FIELD_BYTES_MAX {max(map(field_bytes, MESSAGES))}u",
        "",
    ]
    for enumeration in ENUMERATIONS:
        name = enumeration.__name__.upper()
        lines += [f"#define COIL_{name}_{member.name} {member.value}u" for member in enumeration] + [""]
    for message in MESSAGES:
        lines += _message(message)
    return "\n".join([*lines, "#endif"]) + "\n"


def _message(message: type[Message]) -> list[str]:
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", message.__name__).lower()
    upper = name.upper()
    lines = [f"#define COIL_ID_{upper} {message.ID}u", f"#define COIL_{upper}_BYTES {field_bytes(message)}u", "", "typedef struct {"]
    for field, kind, count in wire_fields(message):
        lines.append(f"    {_C_TYPE[kind]} {field}{'' if count == 1 else f'[{count}]'};")
    lines += [f"}} coil_{name};", ""]
    if message.FROM_HOST:
        lines += [f"static inline void coil_unpack_{name}(coil_{name} *m, const uint8_t *p)", "{"]
    else:
        lines += [f"static inline void coil_pack_{name}(const coil_{name} *m, uint8_t *p)", "{"]
    offset = 0
    for field, kind, count in wire_fields(message):
        for k in range(count):
            place = field if count == 1 else f"{field}[{k}]"
            lines += _unpack(place, kind, offset) if message.FROM_HOST else _pack(place, kind, offset)
            offset += _SIZE[kind]
    return [*lines, "}", ""]


def _unpack(place: str, kind: str, offset: int) -> list[str]:
    size = _SIZE[kind]
    raw = " | ".join(f"(uint32_t)p[{offset + k}] << {8 * k}" for k in range(size))
    if kind[0] == "u":
        return [f"    m->{place} = ({_C_TYPE[kind]})({raw});"]
    # C99 leaves the conversion of a large unsigned number to a signed one to the compiler: say it in arithmetic instead.
    top = 1 << (8 * size - 1)
    return [f"    {{ uint32_t v = {raw}; m->{place} = ({_C_TYPE[kind]})(v < {top}u ? (int64_t)v : (int64_t)v - {2 * top}); }}"]


def _pack(place: str, kind: str, offset: int) -> list[str]:
    return [f"    p[{offset + k}] = (uint8_t)((uint32_t)m->{place} >> {8 * k});" for k in range(_SIZE[kind])]


if __name__ == "__main__":
    HEADER.write_text(c_header(), encoding="utf-8")
