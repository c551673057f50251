// SPDX-License-Identifier: GPL-2.0-only
#include "edu.h"

volatile uint64_t *edu_reg(volatile uint8_t *regs, unsigned int reg)
{
	return (volatile uint64_t *)(regs + reg);
}

/* From the bus to the device's buffer, or back */
void edu_start(volatile uint8_t *regs, bool to_bus, uint64_t addr, uint64_t bytes)
{
	*edu_reg(regs, EDU_SRC) = to_bus ? EDU_BUFFER : addr;
	*edu_reg(regs, EDU_DST) = to_bus ? addr : EDU_BUFFER;
	*edu_reg(regs, EDU_COUNT) = bytes;
	*edu_reg(regs, EDU_CMD) = EDU_START | (to_bus ? EDU_TO_BUS : 0);
}

void edu_transfer(volatile uint8_t *regs, bool to_bus, uint64_t addr, uint64_t bytes)
{
	uint64_t end = now_ms() + 20000;

	edu_start(regs, to_bus, addr, bytes);
	while (*edu_reg(regs, EDU_CMD) & EDU_START) {
		if (!expect(now_ms() < end, "the transfer does not end"))
			return;
		usleep(1000);
	}
}
