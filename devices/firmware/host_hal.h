/* The hardware as arrays, for tests and for the simulated rig: what the firmware writes can be read, what it reads can be set. */
#ifndef HOST_HAL_H
#define HOST_HAL_H

#include "coil_driver.h"

#define HOST_OUT_MAX 4096u

typedef struct {
    uint32_t duty[2][COIL_CHANNELS];    /* [COIL_FORWARD or COIL_REVERSE][channel] */
    uint32_t enabled[COIL_CHANNELS];
    int32_t current_ma[COIL_CHANNELS];
    int32_t voltage_mv[COIL_CHANNELS];
    int32_t temperature_cdeg[COIL_CHANNELS];
    uint32_t shoot_through;             /* times a side was switched on while the other was */
    uint32_t short_dead_time;           /* times it was switched on sooner than dead_ticks after the other */
    uint32_t alive;                     /* times the processor's own watchdog was fed */
    uint32_t out_count;                 /* bytes sent; who reads them sets it back */
    uint8_t out[HOST_OUT_MAX];
    /* From here on nothing that is read from outside. */
    uint32_t ticks;
    uint32_t last_on[2][COIL_CHANNELS];
    coil_hal hal;
    coil_config config;
    coil_driver driver;
} host_device;

unsigned host_size(void);
void host_configure(host_device *h, unsigned channels, unsigned watchdog_ms_max, unsigned release_ms, int32_t follow_ma, unsigned follow_ms);
void host_configure_channel(host_device *h, unsigned channel, int32_t limit_ma, int32_t test_limit_ma, int32_t trip_ma,
                            int32_t temperature_max_cdeg, int32_t kp_q16, int32_t ki_q16, unsigned dead_ticks);
int host_init(host_device *h, uint32_t now_ms);
void host_receive(host_device *h, const uint8_t *data, unsigned length, uint32_t now_ms);
void host_tick(host_device *h, uint32_t now_ms);

#endif
