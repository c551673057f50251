/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library's sys/sysinfo.h gets here too, and wants all of it */
#include_next <linux/const.h>
