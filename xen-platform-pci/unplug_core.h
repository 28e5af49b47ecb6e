/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unplug= parameter means: plain C, also run by unit tests. */
#ifndef XEN_PLATFORM_UNPLUG_CORE_H
#define XEN_PLATFORM_UNPLUG_CORE_H

#include <abi/xen/platform.h>

#define UNPLUG_AUTO	(1u << 8)	/* what has a connected twin, when it has one */

struct unplug_word {
	const char *word;
	unsigned int bits;
};

static const struct unplug_word unplug_words[] = {
	{ "auto",		UNPLUG_AUTO },
	{ "all",		XEN_UNPLUG_ALL },
	{ "never",		0 },
	{ "ide-disks",		XEN_UNPLUG_IDE_DISKS },
	{ "aux-ide-disks",	XEN_UNPLUG_AUX_IDE_DISKS },
	{ "nics",		XEN_UNPLUG_NICS },
	{ "nvme-disks",		XEN_UNPLUG_NVME_DISKS },
};

#define UNPLUG_NR_WORDS	ARRAY_SIZE(unplug_words)

/* One word of the list, by its whole length: neither a prefix nor a longer word will do. */
static inline const struct unplug_word *unplug_word(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < UNPLUG_NR_WORDS; i++)
		if (strlen(unplug_words[i].word) == len && !memcmp(unplug_words[i].word, s, len))
			return &unplug_words[i];
	return NULL;
}

/*
 * Parse a comma-separated list of words; a newline may end it. "auto", "all" and "never" stand
 * alone. Returns 0, or -EINVAL with *bad and *len at the word that does not fit.
 */
static inline int unplug_parse(const char *s, unsigned int *bits, const char **bad, size_t *len)
{
	const struct unplug_word *w;
	unsigned int n = 0, sum = 0;
	bool alone = false;

	for (;; s += *len + 1, n++) {
		*len = strcspn(s, ",\n");
		*bad = s;
		w = unplug_word(s, *len);
		alone |= w && (!w->bits || w->bits >= XEN_UNPLUG_ALL);
		if (!w || (alone && n))
			return -EINVAL;
		sum |= w->bits;
		if (s[*len] != ',')
			break;
	}
	if (s[*len] == '\n' && s[*len + 1])
		return -EINVAL;
	*bits = sum;
	return 0;
}

#endif /* XEN_PLATFORM_UNPLUG_CORE_H */
