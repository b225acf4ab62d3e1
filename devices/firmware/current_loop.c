#include "current_loop.h"

static int64_t clamp(int64_t value, int64_t most)
{
    return value > most ? most : value < -most ? -most : value;
}

static void clear_sides(const coil_hal *hal, unsigned channel)
{
    hal->side(hal->context, channel, COIL_FORWARD, 0);
    hal->side(hal->context, channel, COIL_REVERSE, 0);
}

void coil_loop_clear(coil_loop *loop, const coil_hal *hal, unsigned channel)
{
    clear_sides(hal, channel);
    loop->integral = 0;
    loop->side = 0;
    loop->dead = 0;
}

void coil_loop_tick(coil_loop *loop, const coil_loop_config *config, const coil_hal *hal, unsigned channel, int32_t error_ma)
{
    const int64_t most = (int64_t)COIL_DUTY_MAX * 65536;
    loop->integral = clamp(loop->integral + (int64_t)config->ki_q16 * error_ma, most);
    /* Division, not a shift: C99 leaves the shift of a negative number to the compiler. */
    int64_t duty = clamp(((int64_t)config->kp_q16 * error_ma + loop->integral) / 65536, COIL_DUTY_MAX);
    int side = (duty > 0) - (duty < 0);

    if (side != 0 && side != loop->side) {
        /* Whatever the other side was doing ends now, and nothing begins before the dead time is over. */
        clear_sides(hal, channel);
        loop->side = side;
        loop->dead = config->dead_ticks;
        return;
    }
    if (loop->dead > 0 && --loop->dead > 0)
        return;
    if (side == 0) {
        clear_sides(hal, channel);
        return;
    }
    hal->side(hal->context, channel, side > 0 ? COIL_REVERSE : COIL_FORWARD, 0);
    hal->side(hal->context, channel, side > 0 ? COIL_FORWARD : COIL_REVERSE, (uint16_t)(duty > 0 ? duty : -duty));
}
