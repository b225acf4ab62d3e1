/* SerialTransfer framing; see devices/serial_transfer.py, whose twin this is. No memory but what the caller gives, no floating point. */
#ifndef SERIAL_TRANSFER_H
#define SERIAL_TRANSFER_H

#include <stdint.h>

#define ST_PAYLOAD_MAX 254u
#define ST_FRAME_MAX (ST_PAYLOAD_MAX + 6u)

typedef struct {
    uint8_t buffer[ST_FRAME_MAX];
    uint16_t count;
    uint16_t damaged; /* frames whose CRC, stop byte or stuffing did not fit; saturates */
} st_parser;

typedef struct {
    uint8_t id;
    uint8_t length;
    uint8_t payload[ST_PAYLOAD_MAX];
} st_frame;

void st_reset(st_parser *parser);

/* One received byte. 1: it completed a frame, which is now in *frame. */
int st_push(st_parser *parser, uint8_t byte, st_frame *frame);

/* The bytes of a frame into out, which holds ST_FRAME_MAX; how many. 1 <= length <= ST_PAYLOAD_MAX, else 0. */
unsigned st_encode(uint8_t id, const uint8_t *payload, unsigned length, uint8_t *out);

#endif
