/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library's errno.h gets here too, and wants the numbers */
#include_next <linux/errno.h>
