// SPDX-License-Identifier: GPL-2.0-only
/* engines: print the name of each engine's device, and the bytes it moved */
#include "test.h"

int main(void)
{
	struct pkvm_test_engine e;

	test_open();
	for (uint32_t i = 0; engine_get(i, &e); i++)
		ktap_line("# moved %s %llu", e.name, (unsigned long long)e.bytes);
	return 0;
}
