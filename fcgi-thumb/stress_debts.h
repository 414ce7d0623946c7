#ifndef FT_STRESS_DEBTS_H
#define FT_STRESS_DEBTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "receipt.h"

/*
 * What a stress test has put into a store and has to take out again. The zero
 * state is empty.
 */
struct stress_debts {
	struct stress_debt {
		uint64_t serial;        /* of the photo: stress_photo.h */
		struct receipt receipt; /* id "": its answer never came */
		unsigned tries;         /* to take it back */
		uint64_t due_ns;        /* monotonic: not before */
	} * list;
	size_t n, cap;
};

/* 0, or -1: no memory. */
int stress_debts_add(struct stress_debts *d, const struct stress_debt *debt);

/* Room for so many more, which then cannot fail. 0 or -1. */
int stress_debts_reserve(struct stress_debts *d, size_t more);

/* Take one out that is due now. False: there is none. */
bool stress_debts_take(struct stress_debts *d, uint64_t now_ns,
    struct stress_debt *out);

/* For the operator: a line for each id, and how many have none. */
void stress_debts_print(const struct stress_debts *d, FILE *out);

void stress_debts_fini(struct stress_debts *d);

#endif
