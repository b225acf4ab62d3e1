/* Random bytes, random requests (most of them well formed) and random readings against the firmware; ends at the first broken promise.
 * Usage: fuzz [turns [seed]] */
#include "host_hal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252ull;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

/* Written apart from the firmware's: CRC-32 over all of it, least significant bit first. */
static uint32_t crc32(const uint8_t *data, unsigned length)
{
    uint32_t crc = ~0u;
    while (length-- > 0) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static void put(uint8_t *p, uint32_t value, unsigned bytes)
{
    for (unsigned k = 0; k < bytes; k++)
        p[k] = (uint8_t)(value >> 8 * k);
}

static unsigned request(uint8_t *out)
{
    static const uint8_t ids[] = {COIL_ID_HELLO, COIL_ID_ARM, COIL_ID_COMMAND, COIL_ID_COMMAND, COIL_ID_COMMAND, COIL_ID_READ, COIL_ID_OFF};
    static const uint8_t layout[] = COIL_LAYOUT;
    static const uint8_t seed[] = COIL_FREE_SEED;
    static uint32_t sequence;
    uint8_t id = ids[draw(draw(4) ? 6 : 7)], body[COIL_FIELD_BYTES_MAX + 4], text[COIL_FIELD_BYTES_MAX + 32];
    unsigned bytes = 2, head = 0;
    for (unsigned k = 0; k < sizeof body; k++)
        body[k] = (uint8_t)draw(256);
    if (id == COIL_ID_ARM) {
        bytes = COIL_ARM_BYTES;
        put(body + 2, draw(20) ? COIL_VERSION : draw(65536), 2);
        if (draw(20))
            memcpy(body + 4, layout, sizeof layout);
        put(body + 12, draw(4), 1);
        put(body + 13, 1 + draw(3), 1);
        put(body + 14, draw(200), 2);
        for (unsigned k = 0; k < COIL_CHANNELS; k++)
            put(body + 16 + 4 * k, k < 3 ? draw(12000) : 0, 4);
    } else if (id == COIL_ID_COMMAND) {
        bytes = COIL_COMMAND_BYTES;
        put(body + 2, sequence += draw(3), 4);
        for (unsigned k = 0; k < COIL_CHANNELS; k++)
            if (draw(50))
                put(body + 6 + 4 * k, k < 3 ? draw(9000) - 4500u : 0, 4);
    }
    if (id == COIL_ID_HELLO)
        memcpy(text, seed, head = sizeof seed);
    else
        memcpy(text, layout, head = sizeof layout);
    text[head] = id;
    memcpy(text + head + 1, body, bytes);
    put(body + bytes, crc32(text, head + 1 + bytes), 4);
    return st_encode(id, body, bytes + 4, out);
}

static int is_kept(const host_device *h)
{
    int regulates = h->driver.state == COIL_STATE_TEST || h->driver.state == COIL_STATE_RUN || h->driver.state == COIL_STATE_FROZEN;
    if (h->shoot_through || h->short_dead_time || h->driver.state > COIL_STATE_FROZEN || h->driver.parser.count >= ST_FRAME_MAX)
        return 0;
    for (unsigned k = 0; k < COIL_CHANNELS; k++) {
        int32_t most = k < h->config.channels ? h->config.channel[k].limit_ma : 0, set = h->driver.channel[k].setpoint_ma;
        if (set > most || set < -most)
            return 0;
        if ((h->duty[0][k] || h->duty[1][k]) && (!regulates || !h->enabled[k]))
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    static host_device h;
    uint32_t turns = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 200000, now = 0xFFFFF000u, armed = 0, tripped = 0, frozen = 0;
    if (argc > 2)
        state ^= strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15ull;
    host_configure(&h, 3, 100, 20, 2500, 20);
    for (unsigned k = 0; k < 3; k++)
        host_configure_channel(&h, k, 10000, 500, 11000, 8000, 45000, 4500, 1 + k);
    if (!host_init(&h, now))
        return 2;
    for (uint32_t turn = 0; turn < turns; turn++) {
        uint8_t data[ST_FRAME_MAX];
        unsigned length = draw(8) ? request(data) : draw(40);
        if (draw(8) == 0)
            for (unsigned k = 0; k < length; k++)
                data[k] = (uint8_t)(draw(6) ? draw(256) : 0x7E);
        if (length && draw(10) == 0)
            data[draw(length)] ^= (uint8_t)(1u << draw(8));
        unsigned first = length ? draw(length + 1) : 0;
        host_receive(&h, data, first, now);
        host_receive(&h, data + first, length - first, now);
        if (!is_kept(&h)) {
            fprintf(stderr, "broken promise after bytes of turn %lu, state %u\n", (unsigned long)turn, (unsigned)h.driver.state);
            return 1;
        }
        for (uint32_t k = draw(4) ? 1 : draw(120); k > 0; k--) {
            for (unsigned c = 0; c < 3; c++) {
                int32_t follow = h.driver.channel[c].setpoint_ma;
                h.current_ma[c] = draw(500) ? follow + (int32_t)draw(600) - 300 : (int32_t)draw(0xFFFFFFFFu);
                h.temperature_cdeg[c] = draw(3000) ? 2500 : -32768 + (int32_t)draw(65536);
            }
            host_tick(&h, ++now);
            if (!is_kept(&h)) {
                fprintf(stderr, "broken promise at turn %lu, state %u\n", (unsigned long)turn, (unsigned)h.driver.state);
                return 1;
            }
            armed += h.driver.state == COIL_STATE_RUN;
            tripped += h.driver.state == COIL_STATE_TRIPPED;
            frozen += h.driver.state == COIL_STATE_FROZEN;
        }
        h.out_count = 0;
    }
    printf("turns %lu ticks in RUN %lu TRIPPED %lu FROZEN %lu\n", (unsigned long)turns, (unsigned long)armed, (unsigned long)tripped,
           (unsigned long)frozen);
    return armed && tripped && frozen ? 0 : 3; /* a search that never got there shows nothing */
}
