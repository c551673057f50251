// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the host about its domains, streams and memory: enum pkvm_iommu_op, with
 * every errno.
 *
 * Each function checks the result against the state before, and turns that state
 * into the one that must follow. "An errno means that nothing changed" is thus
 * what happens when a function returns early.
 */
#include <linux/iommu.h>

#include "spec.h"

#define PROT_ALL	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE | IOMMU_NOEXEC |	\
			 IOMMU_MMIO | IOMMU_PRIV)

/* Lending @nr pages from @before on: each was the host's alone, and not mapped */
ghost_verdict spec_lend(struct ghost *g, const struct ghost *post, u8 owner, u64 nr)
{
	struct ghost_pool *pool = pool_of(g, owner);
	unsigned int i;
	u64 lent = 0;

	for (i = 0; i < g->nr_pages; i++) {
		struct ghost_page *page = &g->page[i];

		if (post->page[i].owner != GHOST_EL2 || page->owner == GHOST_EL2)
			continue;
		ALLOWED(page->owner == GHOST_HOST && page->host == PKVM_PAGE_OWNED,
			"EL2 took a page that was not the host's alone");
		ALLOWED(!page->dma, "I5: EL2 took a page that is mapped for DMA");
		*page = (struct ghost_page) { GHOST_EL2, PKVM_NOPAGE, false, 0 };
		lent++;
	}
	ALLOWED(lent == nr, "EL2 took another number of pages than it says");
	pool->free += nr;

	return NULL;
}

/* Getting @nr pages back: each was EL2's and in no use */
ghost_verdict spec_return(struct ghost *g, const struct ghost *post, u8 owner, u64 nr)
{
	struct ghost_pool *pool = pool_of(g, owner);
	unsigned int i;
	u64 back = 0;

	for (i = 0; i < g->nr_pages; i++) {
		struct ghost_page *page = &g->page[i];

		if (page->owner != GHOST_EL2 || post->page[i].owner == GHOST_EL2)
			continue;
		*page = (struct ghost_page) { GHOST_HOST, PKVM_PAGE_OWNED, true, 0 };
		back++;
	}
	ALLOWED(back == nr, "EL2 returned another number of pages than it says");
	ALLOWED(nr <= PKVM_IOMMU_TOPUP_MAX, "I7: EL2 returned more than it may in one step");
	/* What was in use may be unused by now, and go back too */
	if (pool->free >= nr) {
		pool->free -= nr;
	} else {
		ALLOWED(pool->used >= nr - pool->free, "EL2 returned what it never got");
		pool->used -= nr - pool->free;
		pool->free = 0;
	}

	return NULL;
}

/* Why a page at the head of a list may be refused */
ghost_verdict spec_refused(const struct ghost *g, u64 phys, long ret)
{
	const struct ghost_page *page;

	/* To split a block of the identity map takes memory, which is there unless made to fail */
	if ((weather.no_donation || weather.no_memory) && ret == -ENOMEM)
		return NULL;
	if (phys >= NATIVE_PHYS_END || !page_is_memory(phys & PAGE_MASK)) {
		ALLOWED(ret == (phys >> NATIVE_HOST_IA_BITS ? -EINVAL : -EPERM),
			"a page outside memory is not refused as such");
		return NULL;
	}
	page = &g->page[page_index(phys & PAGE_MASK)];
	if (ret == -EPERM) {
		ALLOWED(page->owner != GHOST_HOST || page->host != PKVM_PAGE_OWNED ||
			weather.hostile, "-EPERM for a page of the host");
		return NULL;
	}
	if (ret == -EBUSY) {
		ALLOWED(page->dma || weather.hostile,
			"-EBUSY for a page that is not mapped");
		return NULL;
	}
	ALLOWED(ret == -EIO && weather.hardware, "a page of the host is refused");

	return NULL;
}

ghost_verdict spec_list(struct ghost *g, const struct ghost_call *c, const struct ghost *post,
			u8 owner, u64 nr)
{
	u64 head = c->result.out[0], left = c->result.out[1], taken = nr - left;
	ghost_verdict v;

	ALLOWED(left <= nr, "more is left than was there");
	v = spec_lend(g, post, owner, taken);
	if (v)
		return v;
	ALLOWED(!c->result.ret == !left, "it succeeds and leaves some, or fails and takes all");

	/* A list may run into itself: the state after the last page taken is what counts */
	return c->result.ret ? spec_refused(g, head, c->result.ret) : NULL;
}

static ghost_verdict topup(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	u64 nr = c->arg[1];

	if (nr > PKVM_IOMMU_TOPUP_MAX) {
		ALLOWED(c->result.ret == -E2BIG, "an over-long list is not -E2BIG");
		return NULL;
	}

	return spec_list(g, c, post, GHOST_HOST, nr);
}

static ghost_verdict reclaim(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	u64 want = min_t(u64, c->arg[0], PKVM_IOMMU_TOPUP_MAX), nr = c->result.out[1];

	ALLOWED(!c->result.ret, "reclaiming cannot fail");
	ALLOWED(nr <= want, "more comes back than was wanted");
	ALLOWED(nr == want || nr == g->pool[0].free || weather.no_memory,
		"unused pages are held back");

	return spec_return(g, post, GHOST_HOST, nr);
}

static ghost_verdict alloc_domain(struct ghost *g, const struct ghost_call *c,
				  const struct ghost *post)
{
	return spec_alloc_domain(g, GHOST_HOST, c->result.ret);
}

ghost_verdict spec_alloc_domain(struct ghost *g, u8 owner, long ret)
{
	struct ghost_domain *d;

	if (ret == -ENOMEM) {
		/* Object, root, and two pages of handles */
		ALLOWED(pool_of(g, owner)->free < 4 || weather.no_memory,
			"-ENOMEM though there is memory");
		return NULL;
	}
	ALLOWED(ret > PKVM_IOMMU_DOMAIN_IDENTITY, "a handle is below the first one");
	ALLOWED(!find_domain(g, owner, ret), "I4: a handle is given out twice");
	d = unused_domain(g);
	d->used = true;
	d->owner = owner;
	d->handle = ret;

	return NULL;
}

ghost_verdict spec_free_domain(struct ghost *g, u8 owner, u64 handle, long ret,
			       const struct ghost *post)
{
	struct ghost_domain *d = find_domain(g, owner, handle);
	const struct ghost_domain *left;

	if (!d) {
		ALLOWED(ret == -ENOENT, "a domain that does not exist is not -ENOENT");
		return NULL;
	}
	switch (ret) {
	case 0:
		ALLOWED(!d->streams, "I5: an attached domain is freed");
		ALLOWED(!d->wedged, "I5: a domain is freed that an SMMU may have cached");
		map_clear(g, d);
		d->used = false;
		return NULL;
	case -EBUSY:
		ALLOWED(d->streams, "-EBUSY for a domain without streams");
		return NULL;
	case -EIO:
		ALLOWED(d->wedged, "-EIO for a domain that is well");
		return NULL;
	case -EAGAIN:
		ALLOWED(!d->streams && !d->wedged, "a domain in use is being freed");
		/* I7: a part is gone, whichever; the rest is as it was */
		left = find_domain((struct ghost *)post, owner, handle);
		ALLOWED(left && left->dying, "a domain is partly freed, and not dying");
		ALLOWED(left->map.nr < d->map.nr || post->pool[0].free != g->pool[0].free ||
			owner != GHOST_HOST, "-EAGAIN without progress");
		return spec_shrink(g, d, left);
	}

	return "FREE_DOMAIN returns what it must not";
}

/* The leaves of @d become those of @left, which must be some of them */
ghost_verdict spec_shrink(struct ghost *g, struct ghost_domain *d, const struct ghost_domain *left)
{
	unsigned int i = 0;

	d->dying = true;
	while (i < d->map.nr) {
		const struct ghost_leaf *mine = &d->map.leaf[i];
		const struct ghost_leaf *other = map_find(&left->map, mine->iova);

		if (other && other->iova == mine->iova)
			i++;
		else
			map_del(g, d, mine->iova);
	}

	return NULL;
}

/* A stream of SMMU @smmu goes to domain @to; the state of a failure is the code's choice */
ghost_verdict spec_switch(struct ghost *g, struct ghost_stream *s, u64 to, const struct ghost *post,
			  u64 smmu, u64 sid, long ret)
{
	struct ghost_domain *d;

	if (ret) {
		/* I8: the SMMU is off, or nothing it caches is ever let go */
		ALLOWED(weather.hardware, "switching a stream fails without a reason");
		return spec_after_failure(g, post);
	}
	d = find_domain(g, s->owner, s->domain);
	if (d)
		d->streams--;
	s->domain = to;
	s->live = to != PKVM_IOMMU_DOMAIN_BLOCKED;
	d = find_domain(g, s->owner, to);
	if (d)
		d->streams++;

	return NULL;
}

/*
 * After an SMMU failed, streams, counts of streams and marks of domains are what
 * the code made of it; the invariants say whether that is safe. What domains map
 * may be stale, never gone.
 */
ghost_verdict spec_after_failure(struct ghost *g, const struct ghost *post)
{
	unsigned int i, j;

	memcpy(g->stream, post->stream, sizeof(g->stream));
	memcpy(g->smmu_dead, post->smmu_dead, sizeof(g->smmu_dead));
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		struct ghost_domain *d = &g->domain[i];
		const struct ghost_domain *p;

		if (!d->used)
			continue;
		p = find_domain((struct ghost *)post, d->owner, d->handle);
		ALLOWED(p, "I5: a domain vanished in a failure");
		ALLOWED(p->wedged >= d->wedged, "a wedged domain recovers");
		d->wedged = p->wedged;
		d->streams = p->streams;
		for (j = 0; j < d->map.nr && p->wedged; j++) {
			const struct ghost_leaf *leaf = map_find(&p->map, d->map.leaf[j].iova);

			if (leaf && leaf->stale)
				d->map.leaf[j].stale = true;
		}
	}

	return NULL;
}

static ghost_verdict attach(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	u64 smmu = c->arg[0], sid = c->arg[1], handle = c->arg[2];
	long ret = c->result.ret;
	struct ghost_stream *s;
	struct ghost_domain *d;
	unsigned int i;

	if (smmu >= sim_nr_smmus) {
		ALLOWED(ret == -ENOENT, "an SMMU that does not exist is not -ENOENT");
		return NULL;
	}
	d = find_domain(g, GHOST_HOST, handle);
	if (handle > PKVM_IOMMU_DOMAIN_IDENTITY && (!d || d->dying)) {
		ALLOWED(ret == -ENOENT, "a domain that does not exist is not -ENOENT");
		return NULL;
	}
	s = find_stream(g, smmu, sid);
	if (!s) {
		ALLOWED(ret == -ERANGE, "a stream that does not exist is not -ERANGE");
		return NULL;
	}
	if (s->owner != GHOST_HOST) {
		ALLOWED(ret == -EPERM, "I2: a stream of a VM is not -EPERM");
		return NULL;
	}
	if (ret == -ENOMEM) {
		ALLOWED(!s->known, "-ENOMEM for a stream that is known");
		ALLOWED(g->pool[0].free < 2 || weather.no_memory,
			"-ENOMEM though there is memory");
		return NULL;
	}
	ALLOWED(ret != -ENOSPC || (d && d->wedged), "-ENOSPC though there are tags");
	if (ret == -ENOSPC)
		return NULL;
	/* The stream's part of the stream table is there from now on */
	for (i = 0; i < NR_SIDS; i++)
		g->stream[smmu][i].known = post->stream[smmu][i].known;
	ALLOWED(s->known || handle == PKVM_IOMMU_DOMAIN_BLOCKED || weather.hardware,
		"a stream is attached and not known");
	/* I6: blocked means that the SMMU has confirmed it */
	if (s->domain == handle && !ret && (handle || !s->live))
		return NULL;

	return spec_switch(g, s, handle, post, smmu, sid, ret);
}

/* Arguments of a mapping that can be judged without looking at pages */
static long map_arguments(struct ghost *g, const struct ghost_call *c)
{
	u64 iova = c->arg[1], phys = c->arg[2], size = c->arg[3], prot = c->arg[4];
	struct ghost_domain *d = find_domain(g, GHOST_HOST, c->arg[0]);

	if (prot & ~(u64)PROT_ALL || !(prot & (IOMMU_READ | IOMMU_WRITE)) || !PAGE_ALIGNED(phys))
		return -EINVAL;
	if (phys >> ghost_oas() || size > BIT(ghost_oas()) - phys)
		return -ERANGE;
	if (!d || d->dying)
		return -ENOENT;
	if (!size || !PAGE_ALIGNED(iova | size))
		return -EINVAL;
	if (iova >> ghost_ias() || size > BIT(ghost_ias()) - iova)
		return -ERANGE;

	return 0;
}

/* Can this page be mapped by the host once more? */
static long page_mappable(struct ghost *g, u64 phys)
{
	if (!page_is_memory(phys))
		return in_registers(phys) ? -EPERM : 0;
	if (!host_reaches(page_at(g, phys)))
		return -EPERM;

	return page_at(g, phys)->dma >= GHOST_MAX_MAPS ? -EBUSY : 0;
}

/* [iova, iova + done) maps to phys: pages, and blocks wherever one fits */
ghost_verdict spec_add_leaves(struct ghost *g, struct ghost_domain *d, u64 iova, u64 phys,
			      u64 done, u64 prot)
{
	u64 pos, step;

	for (pos = 0; pos < done; pos += step) {
		bool block = IS_ALIGNED((iova + pos) | (phys + pos), GHOST_BLOCK) &&
			     done - pos >= GHOST_BLOCK;
		struct ghost_leaf leaf = {
			.iova	= iova + pos,
			.phys	= phys + pos,
			/* Stage 1 cannot express write-only, and keeps what is privileged */
			.read	= iommu_is_stage1() ? !(prot & IOMMU_PRIV) : prot & IOMMU_READ,
			.write	= prot & IOMMU_WRITE,
		};

		step = block ? GHOST_BLOCK : PAGE_SIZE;
		leaf.size = step;
		ALLOWED(!map_overlaps(&d->map, leaf.iova, step), "a mapping replaces another");
		map_add(g, d, &leaf);
	}

	return NULL;
}

static ghost_verdict map(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	u64 iova = c->arg[1], phys = c->arg[2], size = c->arg[3], done = c->result.out[0], pos;
	long ret = c->result.ret, want = map_arguments(g, c);
	struct ghost_domain *d;

	if (want) {
		ALLOWED(ret == want, "MAP accepts bad arguments, or calls them by another name");
		ALLOWED(!done, "MAP refuses its arguments and maps");
		return NULL;
	}

	d = find_domain(g, GHOST_HOST, c->arg[0]);
	ALLOWED(done <= size && PAGE_ALIGNED(done), "MAP maps more than asked");
	ALLOWED(done <= GHOST_MAX_STEP, "I7: MAP maps more than it may in one step");
	for (pos = 0; pos < done; pos += PAGE_SIZE)
		ALLOWED(!page_mappable(g, phys + pos), "I1: MAP maps what is not the host's");
	switch (ret) {
	case 0:
		ALLOWED(done, "MAP succeeds and maps nothing");
		break;
	case -EEXIST:
		ALLOWED(map_overlaps(&d->map, iova + done, min(size - done, GHOST_BLOCK)),
			"-EEXIST where nothing is mapped");
		break;
	case -EPERM:
	case -EBUSY:
		ALLOWED(page_mappable(g, phys + done) == ret,
			"MAP refuses a page of the host");
		break;
	case -ENOMEM:
		/* A list may have used up what there was for the pieces before */
		ALLOWED(g->pool[0].free < 4 || post->pool[0].free < 4 ||
			weather.no_memory, "-ENOMEM though there is memory");
		break;
	case -EIO:
		ALLOWED(weather.hardware, "MAP fails with -EIO");
		break;
	default:
		return "MAP returns what it must not";
	}
	if (weather.hardware && ret)
		spec_after_failure(g, post);

	return spec_add_leaves(g, d, iova, phys, done, c->arg[4]);
}

/* Common to host and guest */
ghost_verdict spec_unmap(struct ghost *g, u8 owner, u64 handle, u64 iova, u64 size, long ret,
			 u64 done, const struct ghost *post)
{
	struct ghost_domain *d = find_domain(g, owner, handle);
	const struct ghost_leaf *leaf;
	u64 pos, step;

	ALLOWED(!ret || !done, "UNMAP fails and unmaps");
	if (!d || d->dying) {
		ALLOWED(ret == -ENOENT, "a domain that does not exist is not -ENOENT");
		return NULL;
	}
	if (!size || !PAGE_ALIGNED(iova | size)) {
		ALLOWED(ret == -EINVAL, "a range of no whole pages is not -EINVAL");
		return NULL;
	}
	if (iova >> ghost_ias() || size > BIT(ghost_ias()) - iova) {
		ALLOWED(ret == -ERANGE, "a range outside is not -ERANGE");
		return NULL;
	}
	leaf = map_find(&d->map, iova);
	switch (ret) {
	case -ENXIO:
		ALLOWED(!leaf, "-ENXIO though something is mapped");
		return NULL;
	case -EINVAL:
		ALLOWED(leaf && leaf->size > PAGE_SIZE &&
			(leaf->iova != iova || leaf->size > size), "-EINVAL without a block");
		return NULL;
	case -EIO:
		ALLOWED(weather.hardware, "UNMAP fails with -EIO");
		return spec_after_failure(g, post);
	case 0:
		break;
	default:
		return "UNMAP returns what it must not";
	}

	ALLOWED(done && done <= size, "UNMAP succeeds and unmaps nothing, or too much");
	ALLOWED(done <= GHOST_MAX_STEP, "I7: UNMAP unmaps more than it may in one step");
	for (pos = 0; pos < done; pos += step) {
		leaf = map_find(&d->map, iova + pos);
		ALLOWED(leaf && leaf->iova == iova + pos && leaf->size <= done - pos,
			"UNMAP says it unmapped what was not mapped, or part of a block");
		ALLOWED(!leaf->stale, "I5: a page is released though an SMMU may have it cached");
		step = leaf->size;
		map_del(g, d, leaf->iova);
	}

	return NULL;
}

/* Takes out all leaves in a range, which they fill */
static ghost_verdict del_leaves(struct ghost *g, struct ghost_domain *d, u64 iova, u64 size)
{
	const struct ghost_leaf *leaf;
	u64 end = iova + size;

	while (iova < end) {
		leaf = map_find(&d->map, iova);
		ALLOWED(leaf && leaf->iova == iova && leaf->size <= end - iova,
			"a list unmapped what was not mapped, or part of a block");
		ALLOWED(!leaf->stale, "I5: a page is released though an SMMU may have it cached");
		iova += leaf->size;
		map_del(g, d, leaf->iova);
	}

	return NULL;
}

/* May a list have stopped with this errno in front of [@iova, @iova + @size)? */
static ghost_verdict list_stopped(struct ghost_domain *d, u64 iova, u64 size, long ret, bool again)
{
	bool outside = iova >> ghost_ias() || size > BIT(ghost_ias()) - iova;
	const struct ghost_leaf *leaf = outside ? NULL : map_find(&d->map, iova);

	switch (ret) {
	case -ERANGE:
		ALLOWED(outside, "-ERANGE for a range that is inside");
		break;
	case -ENXIO:
		ALLOWED(!outside && !leaf && !again,
			"-ENXIO though something is mapped");
		break;
	case -EINVAL:
		ALLOWED(leaf && leaf->size > PAGE_SIZE &&
			(leaf->iova != iova || leaf->size > size), "-EINVAL without a block");
		break;
	case -EIO:
		ALLOWED(again || weather.hardware, "UNMAP_LIST fails with -EIO");
		break;
	default:
		return "UNMAP_LIST returns what it must not";
	}

	return NULL;
}

/* Is @iova in the part of a list that was unmapped, @done bytes of it? */
static bool list_has(u64 first, u64 stride, u64 done, u64 iova)
{
	unsigned int i;

	for (i = 0; done; i++) {
		u64 piece = list_piece(first, stride, i), start = piece & PAGE_MASK;
		u64 size = min(((piece & ~PAGE_MASK) + 1) << PAGE_SHIFT, done);

		if (iova - start < size)
			return true;
		done -= size;
	}

	return false;
}

/* Common to host and guest: ranges one after the other, and how far they went */
ghost_verdict spec_unmap_list(struct ghost *g, u8 owner, const struct ghost_call *c, long ret,
			      u64 done, const struct ghost *post)
{
	u64 nr = c->arg[1], first = c->arg[3], stride = c->arg[4], left = done, iova, size;
	struct ghost_domain *d = find_domain(g, owner, c->arg[0]);
	ghost_verdict v = NULL;
	unsigned int i;

	if (!nr || nr > PKVM_IOMMU_LIST_MAX || !d || d->dying) {
		ALLOWED(!done && (ret == -EINVAL || (ret == -ENOENT && (!d || d->dying))),
			"UNMAP_LIST accepts bad arguments, or calls them by another name");
		return NULL;
	}
	ALLOWED(done || ret, "UNMAP_LIST succeeds and unmaps nothing");
	ALLOWED(done <= GHOST_MAX_LIST, "I7: UNMAP_LIST unmaps more than it may in one step");
	for (i = 0; i < nr && !v; i++) {
		iova = list_piece(first, stride, i) & PAGE_MASK;
		size = ((list_piece(first, stride, i) & ~PAGE_MASK) + 1) << PAGE_SHIFT;
		v = del_leaves(g, d, iova, min(left, size));
		if (!v && left < size)
			break;
		left -= size;
	}
	if (v)
		return v;
	if (i == nr) {
		ALLOWED(!left && ret >= 0,
			"UNMAP_LIST unmaps more than the list, or all and fails");
		return NULL;
	}
	if (!ret || ret == SPEC_ANY)
		return NULL;
	if (ret == -EIO && weather.hardware)
		return spec_after_failure(g, post);

	return list_stopped(d, iova + left, size - left, ret,
			    list_has(first, stride, done, iova + left));
}

static ghost_verdict unmap(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	return spec_unmap(g, GHOST_HOST, c->arg[0], c->arg[1], c->arg[2], c->result.ret,
			  c->result.out[0], post);
}

static ghost_verdict get_info(struct ghost *g, const struct ghost_call *c)
{
	if (c->arg[0] >= sim_nr_smmus) {
		ALLOWED(c->result.ret == -ENOENT, "an SMMU that does not exist is not -ENOENT");
		return NULL;
	}
	ALLOWED(!c->result.ret, "GET_INFO fails");
	ALLOWED((c->result.out[1] & 0xff) == ghost_ias(), "GET_INFO has another input size");
	ALLOWED(!(c->result.out[1] & PKVM_IOMMU_INFO_DEAD) == !g->smmu_dead[c->arg[0]],
		"GET_INFO is wrong about a dead SMMU");

	return NULL;
}

static ghost_verdict poll(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	if (c->arg[0] >= sim_nr_smmus) {
		ALLOWED(c->result.ret == -ENOENT, "an SMMU that does not exist is not -ENOENT");
		return NULL;
	}
	ALLOWED(c->result.ret >= 0, "POLL fails");
	ALLOWED(!(c->result.ret & PKVM_IOMMU_POLL_DEAD) == !post->smmu_dead[c->arg[0]],
		"POLL is wrong about a dead SMMU");

	return spec_poll(g, c);
}

/* As many calls of MAP, one after the other, and as long as one of them may be */
static ghost_verdict map_list(struct ghost *g, const struct ghost_call *c,
			      const struct ghost *post)
{
	u64 nr = c->arg[2] >> 32, done = c->result.out[0], pos = 0;
	struct ghost_domain *d = find_domain(g, GHOST_HOST, c->arg[0]);
	struct ghost_call one = *c;
	ghost_verdict v = NULL;
	unsigned int i;

	one.arg[4] = (u32)c->arg[2];
	if (!nr || nr > PKVM_IOMMU_LIST_MAX || one.arg[4] & ~(u64)PROT_ALL ||
	    !(one.arg[4] & (IOMMU_READ | IOMMU_WRITE)) || !d || d->dying) {
		ALLOWED(!done && (c->result.ret == -EINVAL ||
				  (c->result.ret == -ENOENT && (!d || d->dying))),
			"MAP_LIST accepts bad arguments, or calls them by another name");
		return NULL;
	}
	for (i = 0; i < nr && pos < GHOST_MAX_STEP && !v; i++) {
		u64 piece = list_piece(c->arg[3], c->arg[4], i), left = done - pos;

		one.arg[1] = c->arg[1] + pos;
		one.arg[2] = piece & PAGE_MASK;
		one.arg[3] = min(((piece & ~PAGE_MASK) + 1) << PAGE_SHIFT, GHOST_MAX_STEP - pos);
		one.result.out[0] = min(left, one.arg[3]);
		one.result.ret = left < one.arg[3] ? c->result.ret : 0;
		/* It may stop between two pieces, if it did something */
		if (!left && !one.result.ret && done)
			break;
		v = map(g, &one, post);
		pos += one.result.out[0];
		if (left < one.arg[3])
			break;
	}
	ALLOWED(v || pos == done, "MAP_LIST says that it mapped more than the list");

	return v;
}

ghost_verdict spec_host(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	/* An SMMU that fails may do so during any call (I8) */
	if (weather.hardware)
		memcpy(g->smmu_dead, post->smmu_dead, sizeof(g->smmu_dead));

	switch (c->op) {
	case PKVM_IOMMU_OP_GET_INFO:
		return get_info(g, c);
	case PKVM_IOMMU_OP_TOPUP:
		return topup(g, c, post);
	case PKVM_IOMMU_OP_RECLAIM:
		return reclaim(g, c, post);
	case PKVM_IOMMU_OP_ALLOC_DOMAIN:
		return alloc_domain(g, c, post);
	case PKVM_IOMMU_OP_FREE_DOMAIN:
		return spec_free_domain(g, GHOST_HOST, c->arg[0], c->result.ret, post);
	case PKVM_IOMMU_OP_ATTACH:
		return attach(g, c, post);
	case PKVM_IOMMU_OP_MAP:
		return map(g, c, post);
	case PKVM_IOMMU_OP_MAP_LIST:
		return map_list(g, c, post);
	case PKVM_IOMMU_OP_UNMAP:
		return unmap(g, c, post);
	case PKVM_IOMMU_OP_UNMAP_LIST:
		return spec_unmap_list(g, GHOST_HOST, c, c->result.ret, c->result.out[0], post);
	case PKVM_IOMMU_OP_POLL:
		return poll(g, c, post);
	case PKVM_IOMMU_OP_VM_TOPUP:
	case PKVM_IOMMU_OP_VM_ROUTE:
	case PKVM_IOMMU_OP_VM_DRAIN:
		return spec_vm(g, c, post);
	}
	ALLOWED(c->result.ret == -EOPNOTSUPP, "an unknown op is not -EOPNOTSUPP");

	return NULL;
}
