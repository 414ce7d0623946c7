#include "config.h"

/*
 * The memory that is counted in. Responsible for that no count is lost with a
 * process or is made twice, and that no process can touch another's; refuses
 * to know what the numbers mean.
 */

#include "metrics.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

/*
 * More than processes live at the same time: some generations of the most
 * workers that the settings allow. Page 0 is the master's, the last one for all
 * who find no other.
 */
#define PAGES 4096

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
    "a lock of one process would not bind the others");
_Static_assert(sizeof(struct counts) % sizeof(metric) == 0,
    "there is nothing but metrics in it");

/* Before the pages; written by the master alone. */
struct head {
	_Atomic unsigned
	    used;        /* pages that were ever on lease, and all below */
	int64_t started; /* Unix seconds */
};

/* A process counts in one place, wherever in it something happens. */
static struct {
	char *base;  /* the head, then the pages; NULL without metrics_init */
	size_t unit; /* bytes of each of them, in whole pages of the system */
	unsigned leased[PAGES]; /* in the master: by how many */
	struct counts *own;
} m;

/* Who has no page counts here, and nobody asks for it. */
static struct counts nowhere;

static struct head *
head(void)
{
	return (struct head *)(void *)m.base;
}

static struct counts *
page_at(unsigned i)
{
	return (struct counts *)(void *)(m.base + (i + 1) * m.unit);
}

struct counts *
metrics_own(void)
{
	return m.own != NULL ? m.own : &nowhere;
}

/* ---- histograms ---- */

static const struct {
	uint64_t ns;
	const char *text;
} bounds[METRICS_BOUNDS] = {
	{ 1 * NS_PER_MS, "0.001" },
	{ 2500 * NS_PER_MS / 1000, "0.0025" },
	{ 5 * NS_PER_MS, "0.005" },
	{ 10 * NS_PER_MS, "0.01" },
	{ 25 * NS_PER_MS, "0.025" },
	{ 50 * NS_PER_MS, "0.05" },
	{ 100 * NS_PER_MS, "0.1" },
	{ 250 * NS_PER_MS, "0.25" },
	{ 500 * NS_PER_MS, "0.5" },
	{ 1 * NS_PER_S, "1" },
	{ 2500 * NS_PER_MS, "2.5" },
	{ 5 * NS_PER_S, "5" },
	{ 10 * NS_PER_S, "10" },
	{ 30 * NS_PER_S, "30" },
	{ 60 * NS_PER_S, "60" },
};

void
histogram_note(struct histogram *h, uint64_t ns)
{
	unsigned i = 0;

	while (i < METRICS_BOUNDS && ns > bounds[i].ns)
		i++;
	h->sum_ns += ns;
	h->buckets[i]++;
}

const char *
histogram_bound(unsigned bucket)
{
	return bucket < METRICS_BOUNDS ? bounds[bucket].text : "+Inf";
}

/* ---- the pages ---- */

int
metrics_init(void)
{
	size_t system = (size_t)sysconf(_SC_PAGESIZE);
	void *base;

	m.unit = (sizeof(struct counts) + system - 1) / system * system;
	base = mmap(NULL, (PAGES + 1) * m.unit, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -1;
	m.base = base;
	m.own = page_at(0);
	m.leased[0] = 1;
	head()->used = 1;
	head()->started = (int64_t)time(NULL);
	return 0;
}

unsigned
metrics_lease(void)
{
	unsigned i = 0;

	if (m.base == NULL)
		return 0;
	while (i < PAGES - 1 && m.leased[i] > 0)
		i++;
	m.leased[i]++;
	if (i >= head()->used)
		head()->used = i + 1;
	return i;
}

void
metrics_return(unsigned page)
{
	if (m.base != NULL)
		m.leased[page]--;
}

/* From one address to another; nothing where they are the same. */
static void
shut(char *from, char *to, bool reads)
{
	if (from == to)
		return;
	if (reads)
		(void)mprotect(from, (size_t)(to - from), PROT_READ);
	else
		(void)munmap(from, (size_t)(to - from));
}

void
metrics_take(unsigned page, bool reads_all)
{
	char *end, *own;

	if (m.base == NULL)
		return;
	end = m.base + (PAGES + 1) * m.unit;
	m.own = page_at(page);
	own = (char *)m.own;
	shut(m.base, own, reads_all);
	shut(own + m.unit, end, reads_all);
	if (!reads_all)
		m.base = NULL;
}

/* ---- reading ---- */

static void
add(struct counts *sum, const struct counts *page)
{
	metric *to = (metric *)sum;
	const metric *from = (const metric *)page;

	for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
		to[i] += from[i];
}

void
metrics_sum(struct counts *out)
{
	unsigned used = m.base != NULL ? head()->used : 0;

	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < used && i < PAGES; i++)
		add(out, page_at(i));
}

int64_t
metrics_started(void)
{
	return m.base != NULL ? head()->started : 0;
}
