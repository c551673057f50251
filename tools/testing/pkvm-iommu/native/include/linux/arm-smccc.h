/* SPDX-License-Identifier: GPL-2.0-only */
/* Function numbers and status codes, from the kernel's copy for its tools */
#include <tools/include/linux/arm-smccc.h>
