/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory types of stage 2 */
#ifndef NATIVE_ASM_MEMORY_H
#define NATIVE_ASM_MEMORY_H

#define MT_S2_NORMAL		0xf
#define MT_S2_NORMAL_NC		0x5
#define MT_S2_DEVICE_nGnRE	0x1

#endif /* NATIVE_ASM_MEMORY_H */
