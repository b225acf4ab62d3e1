#include "host_hal.h"

#include <string.h>

static void side(void *context, unsigned channel, unsigned on, uint16_t duty)
{
    host_device *h = context;
    unsigned other = on == COIL_FORWARD ? COIL_REVERSE : COIL_FORWARD;
    if (duty > 0 && h->duty[other][channel] > 0)
        h->shoot_through++;
    if (duty > 0 && h->last_on[other][channel] > 0 && h->ticks - h->last_on[other][channel] < h->config.channel[channel].loop.dead_ticks)
        h->short_dead_time++;
    h->duty[on][channel] = duty;
}

static void enable(void *context, unsigned channel, int on)
{
    ((host_device *)context)->enabled[channel] = on ? 1u : 0u;
}

static int32_t current_ma(void *context, unsigned channel)
{
    return ((host_device *)context)->current_ma[channel];
}

static int32_t voltage_mv(void *context, unsigned channel)
{
    return ((host_device *)context)->voltage_mv[channel];
}

static int16_t temperature_cdeg(void *context, unsigned channel)
{
    return (int16_t)((host_device *)context)->temperature_cdeg[channel];
}

static void send(void *context, const uint8_t *data, unsigned length)
{
    host_device *h = context;
    if (length <= HOST_OUT_MAX - h->out_count) { /* a full transmit buffer loses the frame, as a wire would */
        memcpy(h->out + h->out_count, data, length);
        h->out_count += length;
    }
}

static void alive(void *context)
{
    ((host_device *)context)->alive++;
}

unsigned host_size(void)
{
    return (unsigned)sizeof(host_device);
}

void host_configure(host_device *h, unsigned channels, unsigned watchdog_ms_max, unsigned release_ms, int32_t follow_ma, unsigned follow_ms)
{
    memset(h, 0, sizeof *h);
    h->config.channels = (uint8_t)channels;
    h->config.watchdog_ms_max = (uint16_t)watchdog_ms_max;
    h->config.release_ms = (uint16_t)release_ms;
    h->config.follow_ma = follow_ma;
    h->config.follow_ms = (uint16_t)follow_ms;
}

void host_configure_channel(host_device *h, unsigned channel, int32_t limit_ma, int32_t test_limit_ma, int32_t trip_ma,
                            int32_t temperature_max_cdeg, int32_t kp_q16, int32_t ki_q16, unsigned dead_ticks)
{
    coil_channel_config *c = &h->config.channel[channel];
    c->limit_ma = limit_ma;
    c->test_limit_ma = test_limit_ma;
    c->trip_ma = trip_ma;
    c->temperature_max_cdeg = (int16_t)temperature_max_cdeg;
    c->loop.kp_q16 = kp_q16;
    c->loop.ki_q16 = ki_q16;
    c->loop.dead_ticks = (uint16_t)dead_ticks;
}

int host_init(host_device *h, uint32_t now_ms)
{
    const coil_hal hal = {h, side, enable, current_ma, voltage_mv, temperature_cdeg, send, alive};
    h->hal = hal;
    return coil_init(&h->driver, &h->config, &h->hal, now_ms);
}

void host_receive(host_device *h, const uint8_t *data, unsigned length, uint32_t now_ms)
{
    coil_receive(&h->driver, data, length, now_ms);
}

void host_tick(host_device *h, uint32_t now_ms)
{
    h->ticks++;
    for (unsigned k = 0; k < COIL_CHANNELS; k++)
        for (unsigned s = 0; s < 2; s++)
            if (h->duty[s][k] > 0)
                h->last_on[s][k] = h->ticks;
    coil_tick(&h->driver, now_ms);
}
