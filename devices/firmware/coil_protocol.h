/* Written by `python -m devices.coil_header` from devices/coil_protocol.py, which says what it all means. Do not edit. */
#ifndef COIL_PROTOCOL_H
#define COIL_PROTOCOL_H

#include <stdint.h>

#define COIL_VERSION 1u
#define COIL_CHANNELS 8u
#define COIL_HASH_BYTES 8u
#define COIL_LAYOUT {0x55, 0xcc, 0x07, 0xfc, 0x7e, 0xab, 0x5e, 0x5e}
#define COIL_FREE_SEED {0x70, 0x72, 0x69, 0x6d, 0x75, 0x6d, 0x20, 0x63, 0x6f, 0x69, 0x6c}
#define COIL_FREE_SEED_BYTES 11u
#define COIL_TEMPERATURE_UNREADABLE (-32767 - 1)
#define COIL_FIELD_BYTES_MAX 141u

#define COIL_RESULT_OK 0u
#define COIL_RESULT_WRONG_VERSION 1u
#define COIL_RESULT_WRONG_LAYOUT 2u
#define COIL_RESULT_NOT_ARMED 3u
#define COIL_RESULT_WRONG_STATE 4u
#define COIL_RESULT_OVER_LIMIT 5u
#define COIL_RESULT_OLD_SEQUENCE 6u
#define COIL_RESULT_BAD_SETTING 7u
#define COIL_RESULT_TOO_HOT 8u

#define COIL_STATE_OFF 0u
#define COIL_STATE_TEST 1u
#define COIL_STATE_RUN 2u
#define COIL_STATE_TRIPPED 3u
#define COIL_STATE_FROZEN 4u

#define COIL_OUTCOME_ZERO 1u
#define COIL_OUTCOME_FREEZE 2u

#define COIL_CAUSE_WATCHDOG 1u
#define COIL_CAUSE_OVER_CURRENT 2u
#define COIL_CAUSE_NOT_FOLLOWING 4u
#define COIL_CAUSE_OVER_TEMPERATURE 8u
#define COIL_CAUSE_TEMPERATURE_UNREADABLE 16u

#define COIL_ID_HELLO 32u
#define COIL_HELLO_BYTES 2u

typedef struct {
    uint16_t request;
} coil_hello;

static inline void coil_unpack_hello(coil_hello *m, const uint8_t *p)
{
    m->request = (uint16_t)((uint32_t)p[0] << 0 | (uint32_t)p[1] << 8);
}

#define COIL_ID_IDENTITY 33u
#define COIL_IDENTITY_BYTES 79u

typedef struct {
    uint16_t request;
    uint16_t version;
    uint8_t layout[8];
    uint8_t channels;
    uint16_t watchdog_ms_max;
    int32_t limit_ma[8];
    int32_t test_limit_ma[8];
} coil_identity;

static inline void coil_pack_identity(const coil_identity *m, uint8_t *p)
{
    p[0] = (uint8_t)((uint32_t)m->request >> 0);
    p[1] = (uint8_t)((uint32_t)m->request >> 8);
    p[2] = (uint8_t)((uint32_t)m->version >> 0);
    p[3] = (uint8_t)((uint32_t)m->version >> 8);
    p[4] = (uint8_t)((uint32_t)m->layout[0] >> 0);
    p[5] = (uint8_t)((uint32_t)m->layout[1] >> 0);
    p[6] = (uint8_t)((uint32_t)m->layout[2] >> 0);
    p[7] = (uint8_t)((uint32_t)m->layout[3] >> 0);
    p[8] = (uint8_t)((uint32_t)m->layout[4] >> 0);
    p[9] = (uint8_t)((uint32_t)m->layout[5] >> 0);
    p[10] = (uint8_t)((uint32_t)m->layout[6] >> 0);
    p[11] = (uint8_t)((uint32_t)m->layout[7] >> 0);
    p[12] = (uint8_t)((uint32_t)m->channels >> 0);
    p[13] = (uint8_t)((uint32_t)m->watchdog_ms_max >> 0);
    p[14] = (uint8_t)((uint32_t)m->watchdog_ms_max >> 8);
    p[15] = (uint8_t)((uint32_t)m->limit_ma[0] >> 0);
    p[16] = (uint8_t)((uint32_t)m->limit_ma[0] >> 8);
    p[17] = (uint8_t)((uint32_t)m->limit_ma[0] >> 16);
    p[18] = (uint8_t)((uint32_t)m->limit_ma[0] >> 24);
    p[19] = (uint8_t)((uint32_t)m->limit_ma[1] >> 0);
    p[20] = (uint8_t)((uint32_t)m->limit_ma[1] >> 8);
    p[21] = (uint8_t)((uint32_t)m->limit_ma[1] >> 16);
    p[22] = (uint8_t)((uint32_t)m->limit_ma[1] >> 24);
    p[23] = (uint8_t)((uint32_t)m->limit_ma[2] >> 0);
    p[24] = (uint8_t)((uint32_t)m->limit_ma[2] >> 8);
    p[25] = (uint8_t)((uint32_t)m->limit_ma[2] >> 16);
    p[26] = (uint8_t)((uint32_t)m->limit_ma[2] >> 24);
    p[27] = (uint8_t)((uint32_t)m->limit_ma[3] >> 0);
    p[28] = (uint8_t)((uint32_t)m->limit_ma[3] >> 8);
    p[29] = (uint8_t)((uint32_t)m->limit_ma[3] >> 16);
    p[30] = (uint8_t)((uint32_t)m->limit_ma[3] >> 24);
    p[31] = (uint8_t)((uint32_t)m->limit_ma[4] >> 0);
    p[32] = (uint8_t)((uint32_t)m->limit_ma[4] >> 8);
    p[33] = (uint8_t)((uint32_t)m->limit_ma[4] >> 16);
    p[34] = (uint8_t)((uint32_t)m->limit_ma[4] >> 24);
    p[35] = (uint8_t)((uint32_t)m->limit_ma[5] >> 0);
    p[36] = (uint8_t)((uint32_t)m->limit_ma[5] >> 8);
    p[37] = (uint8_t)((uint32_t)m->limit_ma[5] >> 16);
    p[38] = (uint8_t)((uint32_t)m->limit_ma[5] >> 24);
    p[39] = (uint8_t)((uint32_t)m->limit_ma[6] >> 0);
    p[40] = (uint8_t)((uint32_t)m->limit_ma[6] >> 8);
    p[41] = (uint8_t)((uint32_t)m->limit_ma[6] >> 16);
    p[42] = (uint8_t)((uint32_t)m->limit_ma[6] >> 24);
    p[43] = (uint8_t)((uint32_t)m->limit_ma[7] >> 0);
    p[44] = (uint8_t)((uint32_t)m->limit_ma[7] >> 8);
    p[45] = (uint8_t)((uint32_t)m->limit_ma[7] >> 16);
    p[46] = (uint8_t)((uint32_t)m->limit_ma[7] >> 24);
    p[47] = (uint8_t)((uint32_t)m->test_limit_ma[0] >> 0);
    p[48] = (uint8_t)((uint32_t)m->test_limit_ma[0] >> 8);
    p[49] = (uint8_t)((uint32_t)m->test_limit_ma[0] >> 16);
    p[50] = (uint8_t)((uint32_t)m->test_limit_ma[0] >> 24);
    p[51] = (uint8_t)((uint32_t)m->test_limit_ma[1] >> 0);
    p[52] = (uint8_t)((uint32_t)m->test_limit_ma[1] >> 8);
    p[53] = (uint8_t)((uint32_t)m->test_limit_ma[1] >> 16);
    p[54] = (uint8_t)((uint32_t)m->test_limit_ma[1] >> 24);
    p[55] = (uint8_t)((uint32_t)m->test_limit_ma[2] >> 0);
    p[56] = (uint8_t)((uint32_t)m->test_limit_ma[2] >> 8);
    p[57] = (uint8_t)((uint32_t)m->test_limit_ma[2] >> 16);
    p[58] = (uint8_t)((uint32_t)m->test_limit_ma[2] >> 24);
    p[59] = (uint8_t)((uint32_t)m->test_limit_ma[3] >> 0);
    p[60] = (uint8_t)((uint32_t)m->test_limit_ma[3] >> 8);
    p[61] = (uint8_t)((uint32_t)m->test_limit_ma[3] >> 16);
    p[62] = (uint8_t)((uint32_t)m->test_limit_ma[3] >> 24);
    p[63] = (uint8_t)((uint32_t)m->test_limit_ma[4] >> 0);
    p[64] = (uint8_t)((uint32_t)m->test_limit_ma[4] >> 8);
    p[65] = (uint8_t)((uint32_t)m->test_limit_ma[4] >> 16);
    p[66] = (uint8_t)((uint32_t)m->test_limit_ma[4] >> 24);
    p[67] = (uint8_t)((uint32_t)m->test_limit_ma[5] >> 0);
    p[68] = (uint8_t)((uint32_t)m->test_limit_ma[5] >> 8);
    p[69] = (uint8_t)((uint32_t)m->test_limit_ma[5] >> 16);
    p[70] = (uint8_t)((uint32_t)m->test_limit_ma[5] >> 24);
    p[71] = (uint8_t)((uint32_t)m->test_limit_ma[6] >> 0);
    p[72] = (uint8_t)((uint32_t)m->test_limit_ma[6] >> 8);
    p[73] = (uint8_t)((uint32_t)m->test_limit_ma[6] >> 16);
    p[74] = (uint8_t)((uint32_t)m->test_limit_ma[6] >> 24);
    p[75] = (uint8_t)((uint32_t)m->test_limit_ma[7] >> 0);
    p[76] = (uint8_t)((uint32_t)m->test_limit_ma[7] >> 8);
    p[77] = (uint8_t)((uint32_t)m->test_limit_ma[7] >> 16);
    p[78] = (uint8_t)((uint32_t)m->test_limit_ma[7] >> 24);
}

#define COIL_ID_ARM 34u
#define COIL_ARM_BYTES 48u

typedef struct {
    uint16_t request;
    uint16_t version;
    uint8_t layout[8];
    uint8_t mode;
    uint8_t outcome;
    uint16_t watchdog_ms;
    int32_t limit_ma[8];
} coil_arm;

static inline void coil_unpack_arm(coil_arm *m, const uint8_t *p)
{
    m->request = (uint16_t)((uint32_t)p[0] << 0 | (uint32_t)p[1] << 8);
    m->version = (uint16_t)((uint32_t)p[2] << 0 | (uint32_t)p[3] << 8);
    m->layout[0] = (uint8_t)((uint32_t)p[4] << 0);
    m->layout[1] = (uint8_t)((uint32_t)p[5] << 0);
    m->layout[2] = (uint8_t)((uint32_t)p[6] << 0);
    m->layout[3] = (uint8_t)((uint32_t)p[7] << 0);
    m->layout[4] = (uint8_t)((uint32_t)p[8] << 0);
    m->layout[5] = (uint8_t)((uint32_t)p[9] << 0);
    m->layout[6] = (uint8_t)((uint32_t)p[10] << 0);
    m->layout[7] = (uint8_t)((uint32_t)p[11] << 0);
    m->mode = (uint8_t)((uint32_t)p[12] << 0);
    m->outcome = (uint8_t)((uint32_t)p[13] << 0);
    m->watchdog_ms = (uint16_t)((uint32_t)p[14] << 0 | (uint32_t)p[15] << 8);
    { uint32_t v = (uint32_t)p[16] << 0 | (uint32_t)p[17] << 8 | (uint32_t)p[18] << 16 | (uint32_t)p[19] << 24; m->limit_ma[0] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[20] << 0 | (uint32_t)p[21] << 8 | (uint32_t)p[22] << 16 | (uint32_t)p[23] << 24; m->limit_ma[1] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[24] << 0 | (uint32_t)p[25] << 8 | (uint32_t)p[26] << 16 | (uint32_t)p[27] << 24; m->limit_ma[2] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[28] << 0 | (uint32_t)p[29] << 8 | (uint32_t)p[30] << 16 | (uint32_t)p[31] << 24; m->limit_ma[3] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[32] << 0 | (uint32_t)p[33] << 8 | (uint32_t)p[34] << 16 | (uint32_t)p[35] << 24; m->limit_ma[4] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[36] << 0 | (uint32_t)p[37] << 8 | (uint32_t)p[38] << 16 | (uint32_t)p[39] << 24; m->limit_ma[5] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[40] << 0 | (uint32_t)p[41] << 8 | (uint32_t)p[42] << 16 | (uint32_t)p[43] << 24; m->limit_ma[6] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[44] << 0 | (uint32_t)p[45] << 8 | (uint32_t)p[46] << 16 | (uint32_t)p[47] << 24; m->limit_ma[7] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
}

#define COIL_ID_COMMAND 35u
#define COIL_COMMAND_BYTES 38u

typedef struct {
    uint16_t request;
    uint32_t sequence;
    int32_t current_ma[8];
} coil_command;

static inline void coil_unpack_command(coil_command *m, const uint8_t *p)
{
    m->request = (uint16_t)((uint32_t)p[0] << 0 | (uint32_t)p[1] << 8);
    m->sequence = (uint32_t)((uint32_t)p[2] << 0 | (uint32_t)p[3] << 8 | (uint32_t)p[4] << 16 | (uint32_t)p[5] << 24);
    { uint32_t v = (uint32_t)p[6] << 0 | (uint32_t)p[7] << 8 | (uint32_t)p[8] << 16 | (uint32_t)p[9] << 24; m->current_ma[0] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[10] << 0 | (uint32_t)p[11] << 8 | (uint32_t)p[12] << 16 | (uint32_t)p[13] << 24; m->current_ma[1] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[14] << 0 | (uint32_t)p[15] << 8 | (uint32_t)p[16] << 16 | (uint32_t)p[17] << 24; m->current_ma[2] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[18] << 0 | (uint32_t)p[19] << 8 | (uint32_t)p[20] << 16 | (uint32_t)p[21] << 24; m->current_ma[3] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[22] << 0 | (uint32_t)p[23] << 8 | (uint32_t)p[24] << 16 | (uint32_t)p[25] << 24; m->current_ma[4] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[26] << 0 | (uint32_t)p[27] << 8 | (uint32_t)p[28] << 16 | (uint32_t)p[29] << 24; m->current_ma[5] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[30] << 0 | (uint32_t)p[31] << 8 | (uint32_t)p[32] << 16 | (uint32_t)p[33] << 24; m->current_ma[6] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
    { uint32_t v = (uint32_t)p[34] << 0 | (uint32_t)p[35] << 8 | (uint32_t)p[36] << 16 | (uint32_t)p[37] << 24; m->current_ma[7] = (int32_t)(v < 2147483648u ? (int64_t)v : (int64_t)v - 4294967296); }
}

#define COIL_ID_READ 36u
#define COIL_READ_BYTES 2u

typedef struct {
    uint16_t request;
} coil_read;

static inline void coil_unpack_read(coil_read *m, const uint8_t *p)
{
    m->request = (uint16_t)((uint32_t)p[0] << 0 | (uint32_t)p[1] << 8);
}

#define COIL_ID_OFF 37u
#define COIL_OFF_BYTES 2u

typedef struct {
    uint16_t request;
} coil_off;

static inline void coil_unpack_off(coil_off *m, const uint8_t *p)
{
    m->request = (uint16_t)((uint32_t)p[0] << 0 | (uint32_t)p[1] << 8);
}

#define COIL_ID_STATUS 38u
#define COIL_STATUS_BYTES 141u

typedef struct {
    uint16_t request;
    uint8_t result;
    uint8_t state;
    uint8_t outcome;
    uint16_t watchdog_ms;
    uint32_t uptime_ms;
    uint32_t sequence;
    uint16_t damaged;
    uint16_t gaps;
    uint16_t refused;
    uint8_t cause[8];
    int32_t applied_ma[8];
    int32_t measured_ma[8];
    int32_t voltage_mv[8];
    int16_t temperature_cdeg[8];
} coil_status;

static inline void coil_pack_status(const coil_status *m, uint8_t *p)
{
    p[0] = (uint8_t)((uint32_t)m->request >> 0);
    p[1] = (uint8_t)((uint32_t)m->request >> 8);
    p[2] = (uint8_t)((uint32_t)m->result >> 0);
    p[3] = (uint8_t)((uint32_t)m->state >> 0);
    p[4] = (uint8_t)((uint32_t)m->outcome >> 0);
    p[5] = (uint8_t)((uint32_t)m->watchdog_ms >> 0);
    p[6] = (uint8_t)((uint32_t)m->watchdog_ms >> 8);
    p[7] = (uint8_t)((uint32_t)m->uptime_ms >> 0);
    p[8] = (uint8_t)((uint32_t)m->uptime_ms >> 8);
    p[9] = (uint8_t)((uint32_t)m->uptime_ms >> 16);
    p[10] = (uint8_t)((uint32_t)m->uptime_ms >> 24);
    p[11] = (uint8_t)((uint32_t)m->sequence >> 0);
    p[12] = (uint8_t)((uint32_t)m->sequence >> 8);
    p[13] = (uint8_t)((uint32_t)m->sequence >> 16);
    p[14] = (uint8_t)((uint32_t)m->sequence >> 24);
    p[15] = (uint8_t)((uint32_t)m->damaged >> 0);
    p[16] = (uint8_t)((uint32_t)m->damaged >> 8);
    p[17] = (uint8_t)((uint32_t)m->gaps >> 0);
    p[18] = (uint8_t)((uint32_t)m->gaps >> 8);
    p[19] = (uint8_t)((uint32_t)m->refused >> 0);
    p[20] = (uint8_t)((uint32_t)m->refused >> 8);
    p[21] = (uint8_t)((uint32_t)m->cause[0] >> 0);
    p[22] = (uint8_t)((uint32_t)m->cause[1] >> 0);
    p[23] = (uint8_t)((uint32_t)m->cause[2] >> 0);
    p[24] = (uint8_t)((uint32_t)m->cause[3] >> 0);
    p[25] = (uint8_t)((uint32_t)m->cause[4] >> 0);
    p[26] = (uint8_t)((uint32_t)m->cause[5] >> 0);
    p[27] = (uint8_t)((uint32_t)m->cause[6] >> 0);
    p[28] = (uint8_t)((uint32_t)m->cause[7] >> 0);
    p[29] = (uint8_t)((uint32_t)m->applied_ma[0] >> 0);
    p[30] = (uint8_t)((uint32_t)m->applied_ma[0] >> 8);
    p[31] = (uint8_t)((uint32_t)m->applied_ma[0] >> 16);
    p[32] = (uint8_t)((uint32_t)m->applied_ma[0] >> 24);
    p[33] = (uint8_t)((uint32_t)m->applied_ma[1] >> 0);
    p[34] = (uint8_t)((uint32_t)m->applied_ma[1] >> 8);
    p[35] = (uint8_t)((uint32_t)m->applied_ma[1] >> 16);
    p[36] = (uint8_t)((uint32_t)m->applied_ma[1] >> 24);
    p[37] = (uint8_t)((uint32_t)m->applied_ma[2] >> 0);
    p[38] = (uint8_t)((uint32_t)m->applied_ma[2] >> 8);
    p[39] = (uint8_t)((uint32_t)m->applied_ma[2] >> 16);
    p[40] = (uint8_t)((uint32_t)m->applied_ma[2] >> 24);
    p[41] = (uint8_t)((uint32_t)m->applied_ma[3] >> 0);
    p[42] = (uint8_t)((uint32_t)m->applied_ma[3] >> 8);
    p[43] = (uint8_t)((uint32_t)m->applied_ma[3] >> 16);
    p[44] = (uint8_t)((uint32_t)m->applied_ma[3] >> 24);
    p[45] = (uint8_t)((uint32_t)m->applied_ma[4] >> 0);
    p[46] = (uint8_t)((uint32_t)m->applied_ma[4] >> 8);
    p[47] = (uint8_t)((uint32_t)m->applied_ma[4] >> 16);
    p[48] = (uint8_t)((uint32_t)m->applied_ma[4] >> 24);
    p[49] = (uint8_t)((uint32_t)m->applied_ma[5] >> 0);
    p[50] = (uint8_t)((uint32_t)m->applied_ma[5] >> 8);
    p[51] = (uint8_t)((uint32_t)m->applied_ma[5] >> 16);
    p[52] = (uint8_t)((uint32_t)m->applied_ma[5] >> 24);
    p[53] = (uint8_t)((uint32_t)m->applied_ma[6] >> 0);
    p[54] = (uint8_t)((uint32_t)m->applied_ma[6] >> 8);
    p[55] = (uint8_t)((uint32_t)m->applied_ma[6] >> 16);
    p[56] = (uint8_t)((uint32_t)m->applied_ma[6] >> 24);
    p[57] = (uint8_t)((uint32_t)m->applied_ma[7] >> 0);
    p[58] = (uint8_t)((uint32_t)m->applied_ma[7] >> 8);
    p[59] = (uint8_t)((uint32_t)m->applied_ma[7] >> 16);
    p[60] = (uint8_t)((uint32_t)m->applied_ma[7] >> 24);
    p[61] = (uint8_t)((uint32_t)m->measured_ma[0] >> 0);
    p[62] = (uint8_t)((uint32_t)m->measured_ma[0] >> 8);
    p[63] = (uint8_t)((uint32_t)m->measured_ma[0] >> 16);
    p[64] = (uint8_t)((uint32_t)m->measured_ma[0] >> 24);
    p[65] = (uint8_t)((uint32_t)m->measured_ma[1] >> 0);
    p[66] = (uint8_t)((uint32_t)m->measured_ma[1] >> 8);
    p[67] = (uint8_t)((uint32_t)m->measured_ma[1] >> 16);
    p[68] = (uint8_t)((uint32_t)m->measured_ma[1] >> 24);
    p[69] = (uint8_t)((uint32_t)m->measured_ma[2] >> 0);
    p[70] = (uint8_t)((uint32_t)m->measured_ma[2] >> 8);
    p[71] = (uint8_t)((uint32_t)m->measured_ma[2] >> 16);
    p[72] = (uint8_t)((uint32_t)m->measured_ma[2] >> 24);
    p[73] = (uint8_t)((uint32_t)m->measured_ma[3] >> 0);
    p[74] = (uint8_t)((uint32_t)m->measured_ma[3] >> 8);
    p[75] = (uint8_t)((uint32_t)m->measured_ma[3] >> 16);
    p[76] = (uint8_t)((uint32_t)m->measured_ma[3] >> 24);
    p[77] = (uint8_t)((uint32_t)m->measured_ma[4] >> 0);
    p[78] = (uint8_t)((uint32_t)m->measured_ma[4] >> 8);
    p[79] = (uint8_t)((uint32_t)m->measured_ma[4] >> 16);
    p[80] = (uint8_t)((uint32_t)m->measured_ma[4] >> 24);
    p[81] = (uint8_t)((uint32_t)m->measured_ma[5] >> 0);
    p[82] = (uint8_t)((uint32_t)m->measured_ma[5] >> 8);
    p[83] = (uint8_t)((uint32_t)m->measured_ma[5] >> 16);
    p[84] = (uint8_t)((uint32_t)m->measured_ma[5] >> 24);
    p[85] = (uint8_t)((uint32_t)m->measured_ma[6] >> 0);
    p[86] = (uint8_t)((uint32_t)m->measured_ma[6] >> 8);
    p[87] = (uint8_t)((uint32_t)m->measured_ma[6] >> 16);
    p[88] = (uint8_t)((uint32_t)m->measured_ma[6] >> 24);
    p[89] = (uint8_t)((uint32_t)m->measured_ma[7] >> 0);
    p[90] = (uint8_t)((uint32_t)m->measured_ma[7] >> 8);
    p[91] = (uint8_t)((uint32_t)m->measured_ma[7] >> 16);
    p[92] = (uint8_t)((uint32_t)m->measured_ma[7] >> 24);
    p[93] = (uint8_t)((uint32_t)m->voltage_mv[0] >> 0);
    p[94] = (uint8_t)((uint32_t)m->voltage_mv[0] >> 8);
    p[95] = (uint8_t)((uint32_t)m->voltage_mv[0] >> 16);
    p[96] = (uint8_t)((uint32_t)m->voltage_mv[0] >> 24);
    p[97] = (uint8_t)((uint32_t)m->voltage_mv[1] >> 0);
    p[98] = (uint8_t)((uint32_t)m->voltage_mv[1] >> 8);
    p[99] = (uint8_t)((uint32_t)m->voltage_mv[1] >> 16);
    p[100] = (uint8_t)((uint32_t)m->voltage_mv[1] >> 24);
    p[101] = (uint8_t)((uint32_t)m->voltage_mv[2] >> 0);
    p[102] = (uint8_t)((uint32_t)m->voltage_mv[2] >> 8);
    p[103] = (uint8_t)((uint32_t)m->voltage_mv[2] >> 16);
    p[104] = (uint8_t)((uint32_t)m->voltage_mv[2] >> 24);
    p[105] = (uint8_t)((uint32_t)m->voltage_mv[3] >> 0);
    p[106] = (uint8_t)((uint32_t)m->voltage_mv[3] >> 8);
    p[107] = (uint8_t)((uint32_t)m->voltage_mv[3] >> 16);
    p[108] = (uint8_t)((uint32_t)m->voltage_mv[3] >> 24);
    p[109] = (uint8_t)((uint32_t)m->voltage_mv[4] >> 0);
    p[110] = (uint8_t)((uint32_t)m->voltage_mv[4] >> 8);
    p[111] = (uint8_t)((uint32_t)m->voltage_mv[4] >> 16);
    p[112] = (uint8_t)((uint32_t)m->voltage_mv[4] >> 24);
    p[113] = (uint8_t)((uint32_t)m->voltage_mv[5] >> 0);
    p[114] = (uint8_t)((uint32_t)m->voltage_mv[5] >> 8);
    p[115] = (uint8_t)((uint32_t)m->voltage_mv[5] >> 16);
    p[116] = (uint8_t)((uint32_t)m->voltage_mv[5] >> 24);
    p[117] = (uint8_t)((uint32_t)m->voltage_mv[6] >> 0);
    p[118] = (uint8_t)((uint32_t)m->voltage_mv[6] >> 8);
    p[119] = (uint8_t)((uint32_t)m->voltage_mv[6] >> 16);
    p[120] = (uint8_t)((uint32_t)m->voltage_mv[6] >> 24);
    p[121] = (uint8_t)((uint32_t)m->voltage_mv[7] >> 0);
    p[122] = (uint8_t)((uint32_t)m->voltage_mv[7] >> 8);
    p[123] = (uint8_t)((uint32_t)m->voltage_mv[7] >> 16);
    p[124] = (uint8_t)((uint32_t)m->voltage_mv[7] >> 24);
    p[125] = (uint8_t)((uint32_t)m->temperature_cdeg[0] >> 0);
    p[126] = (uint8_t)((uint32_t)m->temperature_cdeg[0] >> 8);
    p[127] = (uint8_t)((uint32_t)m->temperature_cdeg[1] >> 0);
    p[128] = (uint8_t)((uint32_t)m->temperature_cdeg[1] >> 8);
    p[129] = (uint8_t)((uint32_t)m->temperature_cdeg[2] >> 0);
    p[130] = (uint8_t)((uint32_t)m->temperature_cdeg[2] >> 8);
    p[131] = (uint8_t)((uint32_t)m->temperature_cdeg[3] >> 0);
    p[132] = (uint8_t)((uint32_t)m->temperature_cdeg[3] >> 8);
    p[133] = (uint8_t)((uint32_t)m->temperature_cdeg[4] >> 0);
    p[134] = (uint8_t)((uint32_t)m->temperature_cdeg[4] >> 8);
    p[135] = (uint8_t)((uint32_t)m->temperature_cdeg[5] >> 0);
    p[136] = (uint8_t)((uint32_t)m->temperature_cdeg[5] >> 8);
    p[137] = (uint8_t)((uint32_t)m->temperature_cdeg[6] >> 0);
    p[138] = (uint8_t)((uint32_t)m->temperature_cdeg[6] >> 8);
    p[139] = (uint8_t)((uint32_t)m->temperature_cdeg[7] >> 0);
    p[140] = (uint8_t)((uint32_t)m->temperature_cdeg[7] >> 8);
}

#endif
