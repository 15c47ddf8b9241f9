/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo: a fleet of mail servers, good and bad, as a script. */
#ifndef TS_FLEET_H
#define TS_FLEET_H

extern const char ts_fleet_script[];

#endif
