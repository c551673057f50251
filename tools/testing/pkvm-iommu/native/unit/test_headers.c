// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of the C library include some of <linux/...>, with each release others,
 * and find those of include/linux/ first. All that do so here build next to them.
 */
#include "test.h"

#include <linux/sched/types.h>	/* that of glibc 2.41's <sched.h> */
#include <linux/sysinfo.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/vt.h>

#define SIZE_OF_SCHED_ATTR	56	/* what sched_setattr(2) takes */

TEST(headers, of_c_library)
{
	ASSERT_EQ(sizeof(struct sched_attr), SIZE_OF_SCHED_ATTR);
	ASSERT_EQ(sizeof(__le64), sizeof(u64));
	ASSERT_EQ(__ALIGN_KERNEL(5, 4), 8);	/* of <linux/const.h> */
}
