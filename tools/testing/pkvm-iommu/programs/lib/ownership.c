// SPDX-License-Identifier: GPL-2.0-only
/* Compiled into programs and into the native tests: C that both have. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "../ownership.h"

#define HISTORY		10
#define NOT_MAPPED	OWN_PAGES

enum owner { HOST, SHARED_WITH_EL2, EL2 };

/* All that decides about an answer. EL2's free pages are a stack. */
struct model {
	const struct own_backend *backend;
	uint64_t seed, random;
	unsigned int step;
	enum owner owner[OWN_PAGES];
	bool lent[OWN_PAGES];
	unsigned int dma[OWN_PAGES], mapped[OWN_SLOTS], pool[OWN_PAGES], nr_pool;
	struct own_call calls[HISTORY];
	struct own_answer answers[HISTORY];
};

static const char * const names[NR_OWN_OPS] = {
	"share_hyp", "unshare_hyp", "topup", "reclaim", "map", "unmap",
	"lend", "take_back", "wrprotect", "force_reclaim",
};

static int host_alone(const struct model *m, unsigned int page)
{
	return m->owner[page] == HOST && !m->lent[page] ? 0 : -EPERM;
}

static struct own_answer share(struct model *m, const struct own_call *c)
{
	if (c->odd || host_alone(m, c->page))
		return own_ret(-EPERM);
	m->owner[c->page] = SHARED_WITH_EL2;
	return own_ret(0);
}

static struct own_answer unshare(struct model *m, const struct own_call *c)
{
	if (c->odd || m->owner[c->page] != SHARED_WITH_EL2)
		return own_ret(-EPERM);
	m->owner[c->page] = HOST;
	return own_ret(0);
}

/* Page by page, up to the first that is refused */
static struct own_answer topup(struct model *m, const struct own_call *c)
{
	struct own_answer a = own_ret(c->odd ? -EPERM : 0);

	for (unsigned int page = c->page; !a.ret && a.done < c->nr; page++) {
		a.ret = host_alone(m, page) ?: m->dma[page] ? -EBUSY : 0;
		if (a.ret)
			break;
		m->owner[page] = EL2;
		m->pool[m->nr_pool++] = page;
		a.done++;
	}
	return a;
}

static struct own_answer reclaim(struct model *m, const struct own_call *c)
{
	struct own_answer a = own_ret(0);

	for (; a.done < c->nr && m->nr_pool; a.done++) {
		unsigned int page = m->pool[--m->nr_pool];

		m->owner[page] = HOST;
		a.pages |= 1U << page;
	}
	return a;
}

/* Of what follows the first page, as far as it goes */
static struct own_answer map(struct model *m, const struct own_call *c)
{
	struct own_answer a = own_ret(c->odd ? -EINVAL : m->owner[c->page] == EL2 ? -EPERM : 0);

	for (; !a.ret && a.done < c->nr && m->owner[c->page + a.done] != EL2; a.done++) {
		unsigned int *slot = &m->mapped[c->slot + a.done];

		if (*slot != NOT_MAPPED) {
			a.ret = -EEXIST;
			break;
		}
		*slot = c->page + a.done;
		m->dma[*slot]++;
	}
	return a;
}

static struct own_answer unmap(struct model *m, const struct own_call *c)
{
	struct own_answer a = own_ret(c->odd ? -EINVAL : 0);

	for (; !a.ret && a.done < c->nr; a.done++) {
		unsigned int *slot = &m->mapped[c->slot + a.done];

		if (*slot == NOT_MAPPED)
			break;
		m->dma[*slot]--;
		*slot = NOT_MAPPED;
	}
	if (!a.ret && !a.done)
		a.ret = -ENXIO;
	return a;
}

/* To a VM without a pvIOMMU: the host's DMA to what it lends is the host's business */
static struct own_answer lend(struct model *m, const struct own_call *c)
{
	if (m->owner[c->page] != HOST)
		return own_ret(-EPERM);
	m->lent[c->page] = true;
	return own_ret(0);
}

static struct own_answer take_back(struct model *m, const struct own_call *c)
{
	if (c->nr != 1)
		return own_ret(-EINVAL);
	if (c->odd)
		return own_ret(-ERANGE);
	if (!m->lent[c->page])
		return own_ret(-ENOENT);
	m->lent[c->page] = false;
	return own_ret(0);
}

static struct own_answer wrprotect(struct model *m, const struct own_call *c)
{
	(void)m;
	return own_ret(c->nr == 1 ? 0 : -EINVAL);
}

/* No protected VM has any of the pages */
static struct own_answer force_reclaim(struct model *m, const struct own_call *c)
{
	return own_ret(c->odd ? -EFAULT : m->owner[c->page] == EL2 ? -EPERM : -EAGAIN);
}

static struct own_answer (* const rules[NR_OWN_OPS])(struct model *, const struct own_call *) = {
	share, unshare, topup, reclaim, map, unmap, lend, take_back, wrprotect, force_reclaim,
};

static void say_call(const struct model *m, unsigned int step)
{
	const struct own_call *c = &m->calls[step % HISTORY];
	const struct own_answer *a = &m->answers[step % HISTORY];
	char line[200];

	snprintf(line, sizeof(line),
		 "%u: %s page %u nr %u slot %u%s: %" PRId64 ", %u done, pages %#x",
		 step, names[c->op], c->page, c->nr, c->slot, c->odd ? " odd" : "", a->ret,
		 a->done, a->pages);
	m->backend->say(line);
}

static bool agrees(struct model *m, struct own_answer want)
{
	const struct own_answer *got = &m->answers[m->step % HISTORY];
	char line[200];

	if (got->ret == want.ret && got->done == want.done && got->pages == want.pages)
		return true;
	snprintf(line, sizeof(line),
		 "seed %" PRIu64 " step %u: not %" PRId64 ", %u done, pages %#x. The last calls:",
		 m->seed, m->step, want.ret, want.done, want.pages);
	m->backend->say(line);
	for (unsigned int i = m->step < HISTORY ? 0 : m->step - HISTORY + 1; i <= m->step; i++)
		say_call(m, i);
	return false;
}

static bool step(struct model *m, struct own_call c)
{
	bool same;

	c.lent = m->lent[c.page];
	while (c.writable < c.nr && m->owner[c.page + c.writable] != EL2)
		c.writable++;
	m->calls[m->step % HISTORY] = c;
	m->answers[m->step % HISTORY] = m->backend->call(&c);
	same = agrees(m, rules[c.op](m, &c));
	m->step++;
	return same;
}

static unsigned int below(struct model *m, unsigned int n)
{
	m->random = m->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (m->random >> 33) % n;
}

static struct own_call random_call(struct model *m)
{
	struct own_call c = { .op = below(m, NR_OWN_OPS), .nr = 1 + below(m, 4) };

	c.page = below(m, OWN_PAGES - c.nr + 1);
	c.slot = below(m, OWN_SLOTS - c.nr + 1);
	c.odd = !below(m, 16);
	/* A page, more often than what can only be refused */
	if ((c.op == OWN_TAKE_BACK || c.op == OWN_WRPROTECT) && below(m, 8))
		c.nr = 1;
	/* Nothing of these can be odd, but that there may be none to reclaim */
	if (c.op == OWN_LEND || c.op == OWN_WRPROTECT)
		c.odd = false;
	if (c.op == OWN_RECLAIM && c.odd)
		c.nr = 0;
	return c;
}

/* Then EL2 takes all pages, which it does only if nothing holds them, and gives them back */
static bool give_back(struct model *m)
{
	bool same = true;

	for (unsigned int i = 0; same && i < OWN_SLOTS; i++)
		same = step(m, (struct own_call) { OWN_UNMAP, .nr = 1, .slot = i });
	same = same && step(m, (struct own_call) { OWN_RECLAIM, .nr = OWN_PAGES });
	for (unsigned int i = 0; same && i < OWN_PAGES; i++)
		same = step(m, (struct own_call) { OWN_TAKE_BACK, .page = i, .nr = 1 }) &&
		       step(m, (struct own_call) { OWN_UNSHARE_HYP, .page = i, .nr = 1 });
	return same && step(m, (struct own_call) { OWN_TOPUP, .nr = OWN_PAGES }) &&
	       m->nr_pool == OWN_PAGES &&
	       step(m, (struct own_call) { OWN_RECLAIM, .nr = OWN_PAGES }) && !m->nr_pool;
}

bool ownership_run(const struct own_backend *backend, uint64_t seed, unsigned int steps)
{
	struct model m = { .backend = backend, .seed = seed, .random = seed };
	char line[100];

	for (unsigned int i = 0; i < OWN_SLOTS; i++)
		m.mapped[i] = NOT_MAPPED;
	while (steps--) {
		if (!step(&m, random_call(&m)))
			return false;
	}
	if (!give_back(&m))
		return false;
	snprintf(line, sizeof(line), "seed %" PRIu64 ": %u calls agree, all %u pages are back",
		 seed, m.step, OWN_PAGES);
	backend->say(line);
	return true;
}
