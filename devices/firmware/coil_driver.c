#include "coil_driver.h"

#include <string.h>

static const uint8_t LAYOUT[COIL_HASH_BYTES] = COIL_LAYOUT;
static const uint8_t FREE_SEED[COIL_FREE_SEED_BYTES] = COIL_FREE_SEED;

static void count(uint16_t *counter, uint32_t by)
{
    *counter = (uint16_t)(by > (uint32_t)(UINT16_MAX - *counter) ? UINT16_MAX : *counter + by);
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, unsigned length)
{
    for (unsigned k = 0; k < length; k++) {
        crc ^= data[k];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 1u) ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    return crc;
}

static uint32_t check_of(uint8_t id, const uint8_t *body, unsigned length)
{
    int is_free = id == COIL_ID_HELLO || id == COIL_ID_IDENTITY;
    uint32_t crc = crc32(0xFFFFFFFFu, is_free ? FREE_SEED : LAYOUT, is_free ? COIL_FREE_SEED_BYTES : COIL_HASH_BYTES);
    crc = crc32(crc, &id, 1);
    return ~crc32(crc, body, length);
}

static int is_armed(const coil_driver *d)
{
    return d->state == COIL_STATE_TEST || d->state == COIL_STATE_RUN;
}

/* A channel whose limit at arming was zero stays released: its coil is not in use, so neither its sensors nor its absence matter. */
static int is_driven(const coil_driver *d, unsigned k)
{
    return d->channel[k].limit_ma > 0;
}

static int is_hot(const coil_driver *d, unsigned k)
{
    int16_t t = d->channel[k].temperature_cdeg;
    return t == COIL_TEMPERATURE_UNREADABLE || t > d->config->channel[k].temperature_max_cdeg;
}

/* Both half bridges of every channel cleared; tick() releases them when the currents have had time to die. */
static void zero_all(coil_driver *d, uint8_t state)
{
    for (unsigned k = 0; k < d->config->channels; k++) {
        d->channel[k].setpoint_ma = 0;
        coil_loop_clear(&d->channel[k].loop, d->hal, k);
    }
    d->state = state;
    d->zeroed_ms = d->now_ms;
    d->released = 0;
}

static void trip(coil_driver *d, unsigned channel, unsigned cause)
{
    d->channel[channel].cause = (uint8_t)(d->channel[channel].cause | cause);
    if (d->state != COIL_STATE_TRIPPED)
        zero_all(d, COIL_STATE_TRIPPED);
}

static void sample(coil_driver *d)
{
    const coil_hal *hal = d->hal;
    for (unsigned k = 0; k < d->config->channels; k++) {
        d->channel[k].measured_ma = hal->current_ma(hal->context, k);
        d->channel[k].voltage_mv = hal->voltage_mv(hal->context, k);
        d->channel[k].temperature_cdeg = hal->temperature_cdeg(hal->context, k);
    }
}

static void send(coil_driver *d, uint8_t id, uint8_t *payload, unsigned length)
{
    uint8_t frame[ST_FRAME_MAX];
    uint32_t check = check_of(id, payload, length);
    for (unsigned k = 0; k < 4; k++)
        payload[length + k] = (uint8_t)(check >> (8 * k));
    d->hal->send(d->hal->context, frame, st_encode(id, payload, length + 4, frame));
}

static void reply(coil_driver *d, uint16_t request, unsigned result)
{
    coil_status s;
    uint8_t payload[COIL_FIELD_BYTES_MAX + 4];
    if (result != COIL_RESULT_OK)
        count(&d->refused, 1);
    memset(&s, 0, sizeof s);
    s.request = request;
    s.result = (uint8_t)result;
    s.state = d->state;
    s.outcome = d->outcome;
    s.watchdog_ms = d->watchdog_ms;
    s.uptime_ms = d->now_ms;
    s.sequence = d->sequence;
    s.damaged = d->damaged;
    count(&s.damaged, d->parser.damaged);
    s.gaps = d->gaps;
    s.refused = d->refused;
    for (unsigned k = 0; k < COIL_CHANNELS; k++) {
        s.cause[k] = d->channel[k].cause;
        s.applied_ma[k] = d->channel[k].setpoint_ma;
        s.measured_ma[k] = d->channel[k].measured_ma;
        s.voltage_mv[k] = d->channel[k].voltage_mv;
        s.temperature_cdeg[k] = k < d->config->channels ? d->channel[k].temperature_cdeg : (int16_t)COIL_TEMPERATURE_UNREADABLE;
    }
    coil_pack_status(&s, payload);
    send(d, COIL_ID_STATUS, payload, COIL_STATUS_BYTES);
}

static void on_hello(coil_driver *d, const uint8_t *body)
{
    coil_hello hello;
    coil_identity identity;
    uint8_t payload[COIL_FIELD_BYTES_MAX + 4];
    coil_unpack_hello(&hello, body);
    memset(&identity, 0, sizeof identity);
    identity.request = hello.request;
    identity.version = COIL_VERSION;
    memcpy(identity.layout, LAYOUT, COIL_HASH_BYTES);
    identity.channels = d->config->channels;
    identity.watchdog_ms_max = d->config->watchdog_ms_max;
    for (unsigned k = 0; k < d->config->channels; k++) {
        identity.limit_ma[k] = d->config->channel[k].limit_ma;
        identity.test_limit_ma[k] = d->config->channel[k].test_limit_ma;
    }
    coil_pack_identity(&identity, payload);
    send(d, COIL_ID_IDENTITY, payload, COIL_IDENTITY_BYTES);
}

static unsigned try_arm(coil_driver *d, const coil_arm *arm)
{
    if (arm->version != COIL_VERSION)
        return COIL_RESULT_WRONG_VERSION;
    if (memcmp(arm->layout, LAYOUT, COIL_HASH_BYTES) != 0)
        return COIL_RESULT_WRONG_LAYOUT;
    if (d->state != COIL_STATE_OFF)
        return COIL_RESULT_WRONG_STATE;
    if (arm->mode != COIL_STATE_TEST && arm->mode != COIL_STATE_RUN)
        return COIL_RESULT_BAD_SETTING;
    if (arm->outcome != COIL_OUTCOME_ZERO && arm->outcome != COIL_OUTCOME_FREEZE)
        return COIL_RESULT_BAD_SETTING;
    if (arm->watchdog_ms < 1 || arm->watchdog_ms > d->config->watchdog_ms_max)
        return COIL_RESULT_BAD_SETTING;
    for (unsigned k = 0; k < COIL_CHANNELS; k++) {
        int32_t most = k < d->config->channels ? d->config->channel[k].limit_ma : 0;
        if (arm->limit_ma[k] < 0 || arm->limit_ma[k] > most)
            return COIL_RESULT_BAD_SETTING;
        if (arm->limit_ma[k] > 0 && is_hot(d, k))
            return COIL_RESULT_TOO_HOT;
    }
    return COIL_RESULT_OK;
}

static void on_arm(coil_driver *d, const uint8_t *body)
{
    coil_arm arm;
    coil_unpack_arm(&arm, body);
    sample(d);
    unsigned result = try_arm(d, &arm);
    if (result == COIL_RESULT_OK) {
        zero_all(d, arm.mode);
        d->outcome = arm.outcome;
        d->watchdog_ms = arm.watchdog_ms;
        d->has_sequence = 0;
        d->command_ms = d->now_ms;
        for (unsigned k = 0; k < d->config->channels; k++) {
            int32_t most = d->config->channel[k].test_limit_ma;
            d->channel[k].limit_ma = arm.mode == COIL_STATE_TEST && arm.limit_ma[k] > most ? most : arm.limit_ma[k];
            d->channel[k].off_course_ms = 0;
            d->hal->enable(d->hal->context, k, is_driven(d, k));
        }
    }
    reply(d, arm.request, result);
}

static unsigned try_command(coil_driver *d, const coil_command *command)
{
    uint32_t step = command->sequence - d->sequence;
    if (!is_armed(d))
        return COIL_RESULT_NOT_ARMED;
    if (d->has_sequence && (step == 0 || step > 0x7FFFFFFFu))
        return COIL_RESULT_OLD_SEQUENCE;
    for (unsigned k = 0; k < COIL_CHANNELS; k++) {
        int32_t most = k < d->config->channels ? d->channel[k].limit_ma : 0;
        if (command->current_ma[k] > most || command->current_ma[k] < -most)
            return COIL_RESULT_OVER_LIMIT;
    }
    if (d->has_sequence)
        count(&d->gaps, step - 1);
    return COIL_RESULT_OK;
}

static void on_command(coil_driver *d, const uint8_t *body)
{
    coil_command command;
    coil_unpack_command(&command, body);
    unsigned result = try_command(d, &command);
    if (result == COIL_RESULT_OK) {
        d->has_sequence = 1;
        d->sequence = command.sequence;
        d->command_ms = d->now_ms;
        for (unsigned k = 0; k < d->config->channels; k++)
            d->channel[k].setpoint_ma = command.current_ma[k];
    }
    reply(d, command.request, result);
}

static void on_read(coil_driver *d, const uint8_t *body)
{
    coil_read read;
    coil_unpack_read(&read, body);
    reply(d, read.request, COIL_RESULT_OK);
}

static void on_off(coil_driver *d, const uint8_t *body)
{
    coil_off off;
    coil_unpack_off(&off, body);
    zero_all(d, COIL_STATE_OFF);
    for (unsigned k = 0; k < d->config->channels; k++)
        d->channel[k].cause = 0;
    reply(d, off.request, COIL_RESULT_OK);
}

static const struct {
    uint8_t id;
    uint8_t bytes;
    void (*handle)(coil_driver *d, const uint8_t *body);
} HANDLERS[] = {
    {COIL_ID_HELLO, COIL_HELLO_BYTES, on_hello},       {COIL_ID_ARM, COIL_ARM_BYTES, on_arm},
    {COIL_ID_COMMAND, COIL_COMMAND_BYTES, on_command}, {COIL_ID_READ, COIL_READ_BYTES, on_read},
    {COIL_ID_OFF, COIL_OFF_BYTES, on_off},
};

static int is_whole(const st_frame *frame, unsigned bytes)
{
    uint32_t check = check_of(frame->id, frame->payload, bytes);
    for (unsigned k = 0; k < 4; k++)
        if (frame->payload[bytes + k] != (uint8_t)(check >> (8 * k)))
            return 0;
    return 1;
}

static void handle(coil_driver *d, const st_frame *frame)
{
    for (unsigned h = 0; h < sizeof HANDLERS / sizeof HANDLERS[0]; h++) {
        unsigned bytes = HANDLERS[h].bytes;
        if (frame->id == HANDLERS[h].id && frame->length == bytes + 4 && is_whole(frame, bytes)) {
            HANDLERS[h].handle(d, frame->payload);
            return;
        }
    }
    count(&d->damaged, 1); /* a frame that says nothing to this firmware: another layout, another program, or damage */
}

static int is_possible(const coil_config *c)
{
    if (c->channels < 1 || c->channels > COIL_CHANNELS || c->watchdog_ms_max < 1 || c->follow_ma < 1 || c->follow_ms < 1)
        return 0;
    for (unsigned k = 0; k < c->channels; k++) {
        const coil_channel_config *ch = &c->channel[k];
        if (ch->limit_ma < 0 || ch->test_limit_ma < 0 || ch->test_limit_ma > ch->limit_ma || ch->trip_ma <= ch->limit_ma)
            return 0;
        if (ch->loop.dead_ticks < 1 || ch->loop.kp_q16 < 0 || ch->loop.ki_q16 < 0)
            return 0;
    }
    return 1;
}

int coil_init(coil_driver *d, const coil_config *config, const coil_hal *hal, uint32_t now_ms)
{
    if (!is_possible(config))
        return 0;
    memset(d, 0, sizeof *d);
    d->config = config;
    d->hal = hal;
    d->now_ms = now_ms;
    st_reset(&d->parser);
    zero_all(d, COIL_STATE_OFF);
    for (unsigned k = 0; k < config->channels; k++)
        hal->enable(hal->context, k, 0);
    d->released = 1;
    sample(d);
    return 1;
}

void coil_receive(coil_driver *d, const uint8_t *data, size_t length, uint32_t now_ms)
{
    st_frame frame;
    d->now_ms = now_ms;
    for (size_t k = 0; k < length; k++)
        if (st_push(&d->parser, data[k], &frame))
            handle(d, &frame);
}

static void watch_channel(coil_driver *d, unsigned k)
{
    coil_channel *ch = &d->channel[k];
    const coil_channel_config *config = &d->config->channel[k];
    if (ch->measured_ma > config->trip_ma || ch->measured_ma < -config->trip_ma)
        trip(d, k, COIL_CAUSE_OVER_CURRENT); /* in a channel that is not driven: a bridge that does not obey */
    if (!is_driven(d, k))
        return;
    if (is_hot(d, k))
        trip(d, k, ch->temperature_cdeg == COIL_TEMPERATURE_UNREADABLE ? COIL_CAUSE_TEMPERATURE_UNREADABLE : COIL_CAUSE_OVER_TEMPERATURE);
    int64_t off = (int64_t)ch->measured_ma - ch->setpoint_ma;
    if (off > d->config->follow_ma || off < -d->config->follow_ma)
        ch->off_course_ms++;
    else if (ch->off_course_ms > 0)
        ch->off_course_ms--;
    if (ch->off_course_ms > d->config->follow_ms)
        trip(d, k, COIL_CAUSE_NOT_FOLLOWING);
}

static void watch_clock(coil_driver *d)
{
    if (!is_armed(d) || d->now_ms - d->command_ms <= d->watchdog_ms)
        return;
    for (unsigned k = 0; k < d->config->channels; k++)
        d->channel[k].cause = (uint8_t)(d->channel[k].cause | COIL_CAUSE_WATCHDOG);
    if (d->outcome == COIL_OUTCOME_FREEZE)
        d->state = COIL_STATE_FROZEN;
    else
        zero_all(d, COIL_STATE_TRIPPED);
}

void coil_tick(coil_driver *d, uint32_t now_ms)
{
    d->now_ms = now_ms;
    sample(d);
    watch_clock(d);
    for (unsigned k = 0; k < d->config->channels && (is_armed(d) || d->state == COIL_STATE_FROZEN); k++)
        watch_channel(d, k);
    if (is_armed(d) || d->state == COIL_STATE_FROZEN) {
        for (unsigned k = 0; k < d->config->channels; k++) {
            coil_channel *ch = &d->channel[k];
            if (!is_driven(d, k))
                continue;
            int64_t error = (int64_t)ch->setpoint_ma - ch->measured_ma;
            int32_t bounded = error > INT32_MAX ? INT32_MAX : error < INT32_MIN ? INT32_MIN : (int32_t)error;
            coil_loop_tick(&ch->loop, &d->config->channel[k].loop, d->hal, k, bounded);
        }
    } else if (!d->released && now_ms - d->zeroed_ms >= d->config->release_ms) {
        for (unsigned k = 0; k < d->config->channels; k++)
            d->hal->enable(d->hal->context, k, 0);
        d->released = 1;
    }
    d->hal->alive(d->hal->context);
}
