/* SPDX-License-Identifier: GPL-2.0-only */
/* What every fuzz target needs: its input in pieces, and a way to say what must hold. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	const u8 *p, *end;
};

/* A number of @n bytes; 0 for what is not there */
static inline u64 take(struct input *in, unsigned int n)
{
	u64 v = 0;

	for (; n && in->p < in->end; n--)
		v = v << 8 | *in->p++;
	return v;
}

static inline void must(bool ok)
{
	if (!ok)
		abort();
}

#endif /* FUZZ_INPUT_H */
