/* A coil driver's firmware, without its hardware: give it bytes, a tick every millisecond and a coil_hal. See README.md. */
#ifndef COIL_DRIVER_H
#define COIL_DRIVER_H

#include <stddef.h>

#include "coil_protocol.h"
#include "current_loop.h"
#include "serial_transfer.h"

typedef struct {
    int32_t limit_ma;      /* most a command may ask for */
    int32_t test_limit_ma; /* most it may ask for in TEST */
    int32_t trip_ma;       /* measured beyond this: all channels off */
    int16_t temperature_max_cdeg;
    coil_loop_config loop;
} coil_channel_config;

typedef struct {
    uint8_t channels; /* 1..COIL_CHANNELS */
    uint16_t watchdog_ms_max;
    uint16_t release_ms; /* how long bridges short the coil to let its current die before they are released */
    int32_t follow_ma;   /* a measured current further than this from its setpoint ... */
    uint16_t follow_ms;  /* ... for so long in all (time inside counts back) does not follow: all channels off */
    coil_channel_config channel[COIL_CHANNELS];
} coil_config;

typedef struct {
    coil_loop loop;
    int32_t limit_ma;
    int32_t setpoint_ma;
    int32_t measured_ma;
    int32_t voltage_mv;
    int16_t temperature_cdeg;
    uint16_t off_course_ms;
    uint8_t cause;
} coil_channel;

typedef struct {
    const coil_config *config;
    const coil_hal *hal;
    st_parser parser;
    coil_channel channel[COIL_CHANNELS];
    uint8_t state;
    uint8_t outcome;
    uint8_t has_sequence;
    uint8_t released;
    uint16_t watchdog_ms;
    uint32_t sequence;
    uint32_t command_ms;
    uint32_t zeroed_ms;
    uint32_t now_ms;
    uint16_t damaged;
    uint16_t gaps;
    uint16_t refused;
} coil_driver;

/* Outputs released, state OFF. 0: the configuration cannot be right (and nothing but that was done), 1: ready. */
int coil_init(coil_driver *driver, const coil_config *config, const coil_hal *hal, uint32_t now_ms);

/* Received bytes, any number at a time. now_ms may wrap round. */
void coil_receive(coil_driver *driver, const uint8_t *data, size_t length, uint32_t now_ms);

/* Once a millisecond, from the same context as coil_receive (or with it locked out). */
void coil_tick(coil_driver *driver, uint32_t now_ms);

#endif
