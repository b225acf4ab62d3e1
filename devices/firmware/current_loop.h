/* One coil between two half bridges: a PI current regulator in fixed point, and the order in which the sides are switched. */
#ifndef CURRENT_LOOP_H
#define CURRENT_LOOP_H

#include <stdint.h>

#define COIL_DUTY_MAX 10000

enum { COIL_FORWARD = 0, COIL_REVERSE = 1 };

typedef struct {
    void *context;
    void (*side)(void *context, unsigned channel, unsigned side, uint16_t duty); /* 0..COIL_DUTY_MAX of the supply on one side */
    void (*enable)(void *context, unsigned channel, int on);                     /* 0: both sides released, high impedance */
    int32_t (*current_ma)(void *context, unsigned channel);
    int32_t (*voltage_mv)(void *context, unsigned channel);        /* at the coil's sense leads */
    int16_t (*temperature_cdeg)(void *context, unsigned channel);  /* COIL_TEMPERATURE_UNREADABLE if the sensor gives none */
    void (*send)(void *context, const uint8_t *data, unsigned length);
    void (*alive)(void *context); /* once a tick: feed the processor's own watchdog here and nowhere else */
} coil_hal;

typedef struct {
    int32_t kp_q16; /* duty per mA, times 65536 */
    int32_t ki_q16; /* duty per mA and tick, times 65536 */
    uint16_t dead_ticks; /* both sides stay cleared so long when the sign changes; at least 1 */
} coil_loop_config;

typedef struct {
    int64_t integral;
    int side; /* +1 forward, -1 reverse: the side that may be on; 0 before the first */
    uint16_t dead;
} coil_loop;

void coil_loop_clear(coil_loop *loop, const coil_hal *hal, unsigned channel);
void coil_loop_tick(coil_loop *loop, const coil_loop_config *config, const coil_hal *hal, unsigned channel, int32_t error_ma);

#endif
