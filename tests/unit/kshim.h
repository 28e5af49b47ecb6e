/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as the pure cores use, in user space. Included ahead of every unit test and
 * fuzzer; it also stands in for those kernel headers that user space lacks (the list is in
 * tests/unit/lib.sh).
 */
#ifndef KSHIM_H
#define KSHIM_H

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint64_t sector_t;
typedef unsigned int gfp_t;

#define U8_MAX	UINT8_MAX
#define U16_MAX	UINT16_MAX
#define U32_MAX	UINT32_MAX
#define U64_MAX	UINT64_MAX

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL
#define SECTOR_SHIFT	9
#define SECTOR_SIZE	512

/* <linux/compiler.h> */
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define __must_check	__attribute__((warn_unused_result))
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define __maybe_unused	__attribute__((unused))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#undef __packed
#define __packed	__attribute__((packed))
#undef __aligned
#define __aligned(n)	__attribute__((aligned(n)))
#define fallthrough	__attribute__((fallthrough))
#define barrier()	__asm__ volatile("" ::: "memory")
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

/* <linux/unaligned.h> */
static inline __maybe_unused u64 get_unaligned_be64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/* <asm/barrier.h> */
#define mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb		mb
#define smp_rmb		rmb
#define smp_wmb		wmb
#define virt_mb		mb
#define virt_rmb	rmb
#define virt_wmb	wmb
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define virt_load_acquire	smp_load_acquire
#define virt_store_release	smp_store_release
#define sync_cmpxchg(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define xchg(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define try_cmpxchg(p, old, new) \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define virt_store_mb(x, v)	do { WRITE_ONCE(x, v); mb(); } while (0)

/* <linux/minmax.h>, <linux/kernel.h>, <linux/math.h>, <linux/log2.h> */
#define pv_pick(a, op, b) ({ \
	__typeof__(a) _a = (a); \
	__typeof__(b) _b = (b); \
	(void)(&_a == &_b); \
	_a op _b ? _a : _b; \
})
#define min(a, b)	pv_pick(a, <, b)
#define max(a, b)	pv_pick(a, >, b)
#define min_t(t, a, b)	({ t _a = (a), _b = (b); _a < _b ? _a : _b; })
#define max_t(t, a, b)	({ t _a = (a), _b = (b); _a > _b ? _a : _b; })
#define min3(a, b, c)	min((__typeof__(a))min(a, b), c)
#define min_not_zero(a, b) \
	({ __typeof__(a) _x = (a), _y = (b); !_x ? _y : !_y ? _x : min(_x, _y); })
#define clamp(v, lo, hi) min((__typeof__(v))max(v, lo), hi)
#define clamp_t(t, v, lo, hi) min_t(t, max_t(t, v, lo), hi)
#define swap(a, b)	do { __typeof__(a) _s = (a); (a) = (b); (b) = _s; } while (0)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ALIGN(x, a)	(((x) + (__typeof__(x))(a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define roundup(x, y)	(DIV_ROUND_UP(x, y) * (y))
#define round_up	ALIGN
#define round_down	ALIGN_DOWN
#define roundup_pow_of_two(n)	((n) <= 1 ? 1ULL : 1ULL << (ilog2((n) - 1) + 1))
#define rounddown_pow_of_two(n)	(1ULL << ilog2(n))
#define ilog2(n)	(63 - __builtin_clzll(n))
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define sizeof_field(t, m) sizeof(((t *)0)->m)
#ifndef offsetof
#define offsetof(t, m)	__builtin_offsetof(t, m)
#endif
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))

/* <linux/bits.h>, <linux/bitops.h>; not atomic here */
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#define GENMASK(h, l)	((~0UL << (l)) & (~0UL >> (BITS_PER_LONG - 1 - (h))))
#define BITS_PER_LONG	((int)(8 * sizeof(long)))
#define BITS_PER_BYTE	8
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(name, n) unsigned long name[DIV_ROUND_UP(n, 8 * sizeof(long))]
#define hweight32	__builtin_popcount

static inline bool test_bit(unsigned int n, const unsigned long *map)
{
	return map[n / BITS_PER_LONG] >> (n % BITS_PER_LONG) & 1;
}

static inline void __set_bit(unsigned int n, unsigned long *map)
{
	map[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned int n, unsigned long *map)
{
	map[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

static inline bool __test_and_set_bit(unsigned int n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__set_bit(n, map);
	return was;
}

static inline bool __test_and_clear_bit(unsigned int n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__clear_bit(n, map);
	return was;
}

#define set_bit			__set_bit
#define clear_bit		__clear_bit
#define test_and_set_bit	__test_and_set_bit
#define test_and_clear_bit	__test_and_clear_bit

/* <linux/err.h>, <linux/slab.h>, <linux/string.h>, <linux/printk.h> */
#define ERR_PTR(e)	((void *)(intptr_t)(e))
#define PTR_ERR(p)	((long)(intptr_t)(p))
#define IS_ERR(p)	((uintptr_t)(p) >= (uintptr_t)-4095)
#define GFP_KERNEL	0
#define GFP_NOIO	0
#define GFP_ATOMIC	0
#define kmalloc(n, gfp)	malloc(n)
#define kzalloc(n, gfp)	calloc(1, n)
#define kcalloc(n, s, gfp) calloc(n, s)
#define kmalloc_array(n, s, gfp) calloc(n, s)
#define kvcalloc	kcalloc
#define kfree		free
#define kvfree		free
#define EXPORT_SYMBOL_GPL(s)
#define pr_err(...)	printf("# " __VA_ARGS__)
#define pr_warn		pr_err
#define pr_info		pr_err
#define pr_debug(...)	do { } while (0)

static inline ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (!size)
		return -E2BIG;
	memcpy(dst, src, n < size ? n : size - 1);
	dst[n < size ? n : size - 1] = 0;
	return n < size ? (ssize_t)n : -E2BIG;
}

static inline int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return !size ? 0 : n < (int)size ? n : (int)size - 1;
}

/* <linux/kstrtox.h>, but for what it lets pass around a number */
static inline int kstrtou64(const char *s, unsigned int base, u64 *val)
{
	char *end;

	errno = 0;
	*val = strtoull(s, &end, base);
	return errno ? -errno : end == s || *end ? -EINVAL : 0;
}

/* <linux/list.h> */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(l)	{ &(l), &(l) }
#define LIST_HEAD(l)		struct list_head l = LIST_HEAD_INIT(l)
#define list_entry		container_of
#define list_first_entry(h, t, m) list_entry((h)->next, t, m)
#define list_last_entry(h, t, m) list_entry((h)->prev, t, m)
#define list_next_entry(p, m)	list_entry((p)->m.next, __typeof__(*(p)), m)
#define list_for_each_entry(p, h, m) \
	for (p = list_first_entry(h, __typeof__(*p), m); &p->m != (h); p = list_next_entry(p, m))
#define list_for_each_entry_safe(p, n, h, m) \
	for (p = list_first_entry(h, __typeof__(*p), m), n = list_next_entry(p, m); &p->m != (h); \
	     p = n, n = list_next_entry(n, m))

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	n->next = h->next;
	n->prev = h;
	h->next->prev = n;
	h->next = n;
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_add(n, h->prev);
}

static inline void list_del(struct list_head *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	l->next = l->prev = NULL;
}

static inline void list_del_init(struct list_head *l)
{
	list_del(l);
	INIT_LIST_HEAD(l);
}

static inline void list_move(struct list_head *l, struct list_head *h)
{
	list_del(l);
	list_add(l, h);
}

static inline void list_move_tail(struct list_head *l, struct list_head *h)
{
	list_del(l);
	list_add_tail(l, h);
}

#endif /* KSHIM_H */
