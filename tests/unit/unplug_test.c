// SPDX-License-Identifier: GPL-2.0-only
/* The unplug= parameter: whole words only, as many as you like, and nothing half understood. */
#include "test.h"
#include "xen-platform-pci/unplug_core.h"

static int parse(const char *s, unsigned int *bits)
{
	const char *bad;
	size_t len;

	*bits = 0xdead;
	return unplug_parse(s, bits, &bad, &len);
}

TEST(words_alone)
{
	unsigned int bits;

	CHECK(!parse("auto", &bits) && bits == UNPLUG_AUTO);
	CHECK(!parse("all", &bits) && bits == 0xf);
	CHECK(!parse("never", &bits) && bits == 0);
	CHECK(!parse("ide-disks", &bits) && bits == 1);
	CHECK(!parse("nics", &bits) && bits == 2);
	CHECK(!parse("aux-ide-disks", &bits) && bits == 4);
	CHECK(!parse("nvme-disks", &bits) && bits == 8);
}

TEST(third_and_fourth_option_are_read)
{
	unsigned int bits;

	CHECK(!parse("ide-disks,nics,aux-ide-disks", &bits) && bits == 7);
	CHECK(!parse("ide-disks,nics,aux-ide-disks,nvme-disks", &bits) && bits == 15);
	CHECK(!parse("nvme-disks,nics\n", &bits) && bits == 10);
}

TEST(prefixes_and_empty_words_do_not_match)
{
	static const char * const junk[] = {
		"", ",", "\n", "a", "al", "alll", "ide", "ide-disk", "ide-disksx", "n", "nics,", ",nics", "nics,,ide-disks",
		"nics ide-disks", " nics", "NICS", "nics\nide-disks", "never,nics", "nics,never", "nics,all", "all,nics",
		"auto,nics", "nics,auto", "auto,auto", "1",
	};
	unsigned int i, bits;

	for (i = 0; i < ARRAY_SIZE(junk); i++) {
		if (parse(junk[i], &bits) != -EINVAL)
			printf("# accepted \"%s\"\n", junk[i]);
		CHECK_EQ(parse(junk[i], &bits), -EINVAL);
		CHECK_EQ(bits, 0xdead);
	}
}

TEST(the_word_that_does_not_fit_is_named)
{
	const char *s = "nics,floppies,ide-disks", *bad;
	unsigned int bits;
	size_t len;

	CHECK_EQ(unplug_parse(s, &bits, &bad, &len), -EINVAL);
	CHECK(bad == s + 5 && len == 8);
}

TEST(the_string_is_left_alone)
{
	char s[] = "ide-disks,nics,nvme-disks";
	unsigned int bits;

	CHECK(!parse(s, &bits));
	CHECK_STR(s, "ide-disks,nics,nvme-disks");
}
