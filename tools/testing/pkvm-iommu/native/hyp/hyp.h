/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the EL2 code to run on: physical memory with owners, VMs, locks,
 * CPUs, faults on demand. What the hypervisor's other parts do is faked here
 * with the same checks, in the same order, under the same locks.
 */
#ifndef NATIVE_HYP_H
#define NATIVE_HYP_H

#include <nvhe/mem_protect.h>

#include <asm/pkvm-iommu-host.h>

/* Deterministic random numbers: the same seed, the same run (hyp/random.c) */
struct rng {
	u64	state;
};

void rng_seed(struct rng *rng, u64 seed);
u64 rng_next(struct rng *rng);
/* 0 to @n - 1 */
u32 rng_below(struct rng *rng, u32 n);
/* True once in @n times */
bool rng_one_in(struct rng *rng, u32 n);

/* Physical memory (hyp/memory.c) */
#define NATIVE_MEM_START	0x40000000UL
#define NATIVE_PHYS_END		0x100000000UL
/* What the stage 2 of the host translates */
#define NATIVE_HOST_IA_BITS	44
#define NATIVE_MAX_PIECES	4

enum page_owner { OWNER_HOST, OWNER_HYP, OWNER_GUEST };

/**
 * struct native_page - what the harness knows about a page of memory
 * @owner: who owns it
 * @free: EL2's, and in a pool: no SMMU may walk it
 * @came_back: was not the host's once, and is mapped in its stage 2 since it is again
 * @handle: OWNER_GUEST: the VM
 * @gfn: OWNER_GUEST: where the VM has it
 */
struct native_page {
	enum page_owner	owner;
	bool		free, came_back;
	pkvm_handle_t	handle;
	u64		gfn;
};

void memory_init(const struct memblock_region *pieces, unsigned int nr, bool coherent);
struct native_page *native_page(u64 phys);
void page_set_owner(u64 phys, enum page_owner owner, pkvm_handle_t handle, u64 gfn);
/* Accesses by the host or a device, which no sanitizer may see as EL2's */
u64 outside_read64(u64 phys);
void outside_write64(u64 phys, u64 val);
void outside_fill(u64 phys, u64 val);
bool page_is_clean(u64 phys);
/* Memory as an SMMU sees it that does not snoop (hyp/cache.c) */
u64 poc_read64(u64 phys);
void poc_write64(u64 phys, u64 val);
void poc_forget(u64 phys);
extern bool native_coherent;

/* Points (hyp/point.c): what happens while EL2 runs */
struct native_hooks {
	void	(*dma)(void);
	void	(*other_cpus)(void);
	/* A lock is about to be taken, or was released */
	void	(*at_lock)(void);
	void	(*stored)(const volatile void *addr);
	void	(*on_fail)(void);
	/* A page is about to change hands */
	void	(*owner)(u64 phys, enum page_owner owner, pkvm_handle_t handle);
	/* Something may fail: does it? */
	bool	(*fault)(unsigned int fault);
	/* A page of EL2 is about to be unused */
	void	(*page_freed)(u64 phys);
};

extern struct native_hooks native_hooks;
/* Time passes by this much */
void native_sleep(u64 ticks);
extern bool native_doorbell_clean(void);
void native_reset_point(void);

/* Faults (hyp/fault.c): the nth of a kind fails */
enum native_fault {
	FAULT_ALLOC,	/* a page of a pool */
	FAULT_DONATE,	/* a donation of the host to EL2 */
	FAULT_SYNC,	/* a CMD_SYNC does not complete */
	FAULT_COMMAND,	/* a command is not understood */
	NATIVE_NR_FAULTS,
};

void fault_arm(enum native_fault fault, unsigned int nth);
void fault_disarm_all(void);
bool fault_hits(enum native_fault fault);
unsigned int fault_seen(enum native_fault fault);
unsigned int fault_fired(void);
const char *fault_name(enum native_fault fault);

/* Boot (hyp/boot_pool.c) */
void boot_pool_init(u64 phys, unsigned int nr_pages);

/* Ownership, as mem_protect.c does it (hyp/mem_protect.c) */
int host_share_hyp(u64 pfn);
int host_unshare_hyp(u64 pfn);
int host_donate_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm);
int host_force_reclaim(u64 phys);
int host_reclaim_page_guest(u64 gfn, struct pkvm_hyp_vm *vm);
int host_share_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm, bool pinned);
int host_unshare_guest(u64 gfn, u64 nr_pages, struct pkvm_hyp_vm *vm);
int host_wrprotect_guest(u64 gfn, u64 nr_pages, struct pkvm_hyp_vm *vm);
int guest_share_host(struct pkvm_hyp_vm *vm, u64 gfn);
int guest_unshare_host(struct pkvm_hyp_vm *vm, u64 gfn);
bool host_may_access(u64 phys);
void lock_host_and_guest(struct pkvm_hyp_vm *vm);
void unlock_host_and_guest(struct pkvm_hyp_vm *vm);

/* Registers (hyp/registers.c): in a protected VM, which owns them, or lent to a plain one */
int host_map_registers(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm);
int host_share_mmio_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm);
int host_unshare_mmio_guest(u64 gfn, struct pkvm_hyp_vm *vm);
/* Any of these pages; lock of the VM held */
bool guest_sees_mmio(struct pkvm_hyp_vm *vm, u64 gfn, u64 nr_pages);
/* The host's CPUs access registers: 0, or -EPERM */
int host_touch(u64 phys);

/* The fake stage 2 of a guest (hyp/stage2.c) */
#define GUEST_PTE_POISONED	FIELD_PREP(KVM_INVALID_PTE_TYPE_MASK,	\
					   KVM_GUEST_INVALID_PTE_TYPE_POISONED)
#define GUEST_PTE_WRITE		BIT(7)
kvm_pte_t guest_pte(u64 phys, enum pkvm_page_state state);
/* Of a page that was lent; the host may have pinned it */
kvm_pte_t lent_pte(u64 phys, bool pinned);

/* VMs, as pkvm.c does it (hyp/vm_table.c) */
#define NATIVE_HANDLE_OFFSET	0x1000
int vm_reserve(void);
void vm_unreserve(pkvm_handle_t handle);
int vm_init(pkvm_handle_t handle);
int vm_init_plain(pkvm_handle_t handle);
/* The table of the VM has blocks from now on, or pages; an entry 0 becomes one */
void vm_use_blocks(struct pkvm_hyp_vm *vm, bool blocks);
int vm_start_teardown(pkvm_handle_t handle);
int vm_reclaim_page(pkvm_handle_t handle, u64 gfn);
int vm_finalize_teardown(pkvm_handle_t handle);
struct pkvm_hyp_vm *vm_of(pkvm_handle_t handle);
bool vm_reserved(pkvm_handle_t handle);

/* Calls (hyp/call.c) */
struct call_result {
	long	ret;
	u64	out[5];
};

/*
 * A call with a list of pieces in its registers has two arguments here instead: the
 * first piece, and what to add for each of the next.
 */
static inline u64 list_piece(u64 first, u64 stride, unsigned int i)
{
	return first + i * stride;
}

struct call_result host_init_call(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6);
struct call_result host_call(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6);
/* x2 to x7 */
struct call_result host_call7(u64 op, const u64 arg[6]);

/**
 * struct guest_result - how a guest's call ended
 * @handled: the guest goes on; else the host sees an exit
 * @for_host: of an exit: it is a plain VM's, EL2 did nothing
 * @replay: the call is made again when the guest goes on
 * @wants_page: of an exit: for a page of the guest; else for memory
 * @fault_ipa: the page
 * @fault_size: and how many bytes the call is about from there
 * @x: x0 to x3
 */
struct guest_result {
	bool	handled;
	bool	for_host;
	bool	replay;
	bool	wants_page;
	u64	fault_ipa;
	u64	fault_size;
	u64	x[4];
};

struct guest_result guest_call(struct pkvm_hyp_vm *vm, const u64 x[7]);

#endif /* NATIVE_HYP_H */
