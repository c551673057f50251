// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU that says in its log when the machine executes a mark, and how
 * many instructions it has executed by then:
 *
 *	mark NUMBER INSTRUCTIONS
 *
 * What the marks are says ../modules/bench_marks.h. Time does not count: a machine
 * that waits executes nothing.
 */
#include <stdio.h>

#include "../modules/bench_marks.h"
#include "plugin.h"

#define HINT_MASK	0xfffff01fu
#define HINT		0xd503201fu
#define HINT_NUMBER(i)	((i) >> 5 & 0x7f)

int qemu_plugin_version = 4;

static struct qemu_plugin_u64 executed;

static void say(unsigned int cpu, void *number)
{
	char line[64];

	(void)cpu;
	snprintf(line, sizeof(line), "mark %u %llu\n", (unsigned int)(uintptr_t)number,
		 (unsigned long long)qemu_plugin_u64_sum(executed));
	qemu_plugin_outs(line);
}

static void watch(struct qemu_plugin_insn *insn)
{
	uint32_t code, number;

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							    executed, 1);
	if (qemu_plugin_insn_data(insn, &code, sizeof(code)) != sizeof(code) ||
	    (code & HINT_MASK) != HINT)
		return;
	number = HINT_NUMBER(code);
	if (number >= MARK_BEGIN && number <= MARK_END)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, say, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)number);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++)
		watch(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	executed.score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);

	return 0;
}
