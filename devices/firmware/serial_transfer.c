#include "serial_transfer.h"

#include <string.h>

enum { START = 0x7E, STOP = 0x81, NONE_STUFFED = 0xFF, HEAD = 4, TAIL = 2 };

static uint8_t crc8(const uint8_t *data, unsigned length)
{
    uint8_t crc = 0;
    for (unsigned k = 0; k < length; k++) {
        crc ^= data[k];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (uint8_t)((crc & 0x80u) ? (unsigned)(crc << 1) ^ 0x9Bu : (unsigned)(crc << 1));
    }
    return crc;
}

void st_reset(st_parser *parser)
{
    memset(parser, 0, sizeof *parser);
}

static void drop_to_start(st_parser *parser, unsigned from)
{
    while (from < parser->count && parser->buffer[from] != START)
        from++;
    memmove(parser->buffer, parser->buffer + from, parser->count - from);
    parser->count = (uint16_t)(parser->count - from);
}

/* Only the start byte goes: what a damaged length would swallow may hold the next whole frame. */
static void refuse(st_parser *parser)
{
    if (parser->damaged < UINT16_MAX)
        parser->damaged++;
    drop_to_start(parser, 1);
}

static int is_hopeless(const st_parser *parser)
{
    const uint8_t *b = parser->buffer;
    if (parser->count < HEAD)
        return 0;
    if (b[3] == 0 || b[3] > ST_PAYLOAD_MAX || !(b[2] < b[3] || b[2] == NONE_STUFFED))
        return 1;
    for (unsigned k = HEAD; k < parser->count && k < HEAD + (unsigned)b[3]; k++)
        if (b[k] == START)
            return 1;
    return 0;
}

static int unstuff(uint8_t *payload, unsigned length, unsigned index)
{
    while (index != NONE_STUFFED) {
        if (index >= length)
            return 0;
        unsigned distance = payload[index];
        payload[index] = START;
        if (distance == 0)
            break;
        index += distance;
    }
    return 1;
}

/* 1: a frame was taken; 0: the buffer begins with an unfinished one, or is empty. */
static int take(st_parser *parser, st_frame *frame)
{
    for (;;) {
        drop_to_start(parser, 0);
        if (is_hopeless(parser)) {
            refuse(parser);
            continue;
        }
        if (parser->count < HEAD || parser->count < HEAD + parser->buffer[3] + TAIL)
            return 0;
        const uint8_t *b = parser->buffer;
        unsigned length = b[3];
        memcpy(frame->payload, b + HEAD, length);
        frame->id = b[1];
        frame->length = (uint8_t)length;
        int whole = b[HEAD + length] == crc8(b + HEAD, length) && b[HEAD + length + 1] == STOP;
        if (!whole || !unstuff(frame->payload, length, b[2])) {
            refuse(parser);
            continue;
        }
        parser->count = (uint16_t)(parser->count - (HEAD + length + TAIL));
        memmove(parser->buffer, parser->buffer + HEAD + length + TAIL, parser->count);
        return 1;
    }
}

int st_push(st_parser *parser, uint8_t byte, st_frame *frame)
{
    /* There is room: what take() leaves is shorter than the frame it announces, and no frame is longer than the buffer. */
    parser->buffer[parser->count++] = byte;
    return take(parser, frame);
}

unsigned st_encode(uint8_t id, const uint8_t *payload, unsigned length, uint8_t *out)
{
    unsigned following = NONE_STUFFED;
    if (length == 0 || length > ST_PAYLOAD_MAX)
        return 0;
    memcpy(out + HEAD, payload, length);
    for (unsigned k = length; k-- > 0;) {
        if (payload[k] == START) {
            out[HEAD + k] = (uint8_t)(following == NONE_STUFFED ? 0 : following - k);
            following = k;
        }
    }
    out[0] = START;
    out[1] = id;
    out[2] = (uint8_t)following;
    out[3] = (uint8_t)length;
    out[HEAD + length] = crc8(out + HEAD, length);
    out[HEAD + length + 1] = STOP;
    return HEAD + length + TAIL;
}
