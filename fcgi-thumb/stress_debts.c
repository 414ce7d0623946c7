#include "config.h"

/* A list that must not forget. */

#include "stress_debts.h"

#include <stdlib.h>

int
stress_debts_reserve(struct stress_debts *d, size_t more)
{
	size_t cap = d->n + more;
	struct stress_debt *list;

	if (cap <= d->cap)
		return 0;
	cap += cap / 2;
	list = realloc(d->list, cap * sizeof *list);
	if (list == NULL)
		return -1;
	d->list = list;
	d->cap = cap;
	return 0;
}

int
stress_debts_add(struct stress_debts *d, const struct stress_debt *debt)
{
	if (stress_debts_reserve(d, 1) == -1)
		return -1;
	d->list[d->n++] = *debt;
	return 0;
}

bool
stress_debts_take(struct stress_debts *d, uint64_t now_ns,
    struct stress_debt *out)
{
	for (size_t i = d->n; i > 0; i--)
		if (d->list[i - 1].due_ns <= now_ns) {
			*out = d->list[i - 1];
			d->list[i - 1] = d->list[--d->n];
			return true;
		}
	return false;
}

void
stress_debts_print(const struct stress_debts *d, FILE *out)
{
	size_t unnamed = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].receipt.id[0] != '\0')
			(void)fprintf(out, "%s\n", d->list[i].receipt.id);
		else
			unnamed++;
	if (unnamed > 0)
		(void)fprintf(out,
		    "and up to %zu of which no answer ever came\n", unnamed);
}

void
stress_debts_fini(struct stress_debts *d)
{
	free(d->list);
	*d = (struct stress_debts){ 0 };
}
