// SPDX-License-Identifier: GPL-2.0-only
/* hidden: print how many pages of memory the host cannot read */
#include "hidden.h"

int main(void)
{
	test_open();
	access_init();
	printf("%" PRIu64 "\n", hidden_scan());
	return 0;
}
