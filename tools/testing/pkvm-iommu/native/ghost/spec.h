/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the specifications of host, VMs and guests have in common.
 */
#ifndef NATIVE_GHOST_SPEC_H
#define NATIVE_GHOST_SPEC_H

#include "ghost.h"

#define ALLOWED(x, why)							\
do {									\
	if (!(x))							\
		return why;						\
} while (0)

bool iommu_is_stage1(void);

/* spec_host.c */
ghost_verdict spec_lend(struct ghost *g, const struct ghost *post, u8 owner, u64 nr);
ghost_verdict spec_return(struct ghost *g, const struct ghost *post, u8 owner, u64 nr);
ghost_verdict spec_refused(const struct ghost *g, u64 phys, long ret);
ghost_verdict spec_list(struct ghost *g, const struct ghost_call *c, const struct ghost *post,
			u8 owner, u64 nr);
ghost_verdict spec_alloc_domain(struct ghost *g, u8 owner, long ret);
ghost_verdict spec_free_domain(struct ghost *g, u8 owner, u64 handle, long ret,
			       const struct ghost *post);
ghost_verdict spec_shrink(struct ghost *g, struct ghost_domain *d, const struct ghost_domain *left);
ghost_verdict spec_switch(struct ghost *g, struct ghost_stream *s, u64 to,
			  const struct ghost *post, u64 smmu, u64 sid, long ret);
ghost_verdict spec_after_failure(struct ghost *g, const struct ghost *post);
ghost_verdict spec_add_leaves(struct ghost *g, struct ghost_domain *d, u64 iova, u64 phys,
			      u64 done, u64 prot);
ghost_verdict spec_unmap(struct ghost *g, u8 owner, u64 handle, u64 iova, u64 size, long ret,
			 u64 done, const struct ghost *post);
ghost_verdict spec_unmap_list(struct ghost *g, u8 owner, const struct ghost_call *c, long ret,
			      u64 done, const struct ghost *post);

/* In place of an errno: the caller is not told whether there was one */
#define SPEC_ANY	1

/* spec_event.c */
ghost_verdict spec_poll(struct ghost *g, const struct ghost_call *c);
ghost_verdict spec_get_event(struct ghost_vm *vm, const u64 x[4]);

/* spec_device.c */
long spec_take(struct ghost *g, unsigned int group, u8 vm);
ghost_verdict spec_taken(struct ghost *g, const struct ghost *post, unsigned int group, u8 vm,
			 long ret);
ghost_verdict spec_return_groups(struct ghost *g, const struct ghost *post, u8 vm, bool *left);
bool spec_owns_group(const struct ghost *g, u8 vm);
ghost_verdict spec_map_registers(struct ghost *g, const struct ghost_call *c);
ghost_verdict spec_lend_mmio(struct ghost *g, const struct ghost_call *c);
ghost_verdict spec_take_back_mmio(struct ghost *g, const struct ghost_call *c);
ghost_verdict spec_touch(struct ghost *g, const struct ghost_call *c);
long spec_seen_registers(struct ghost *g, u8 vm, u64 ipa, u64 *phys);

#endif /* NATIVE_GHOST_SPEC_H */
