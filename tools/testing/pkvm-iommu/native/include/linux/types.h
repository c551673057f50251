/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library's headers get here too, and want the types of user space */
#include_next <linux/types.h>
#include <native/kernel.h>
