/* SPDX-License-Identifier: GPL-2.0-only */
/* What cppcheck has to know of kernel macros: that a loop's variable is set by the loop. */
void *pv_any(void);
struct bio_vec pv_any_bvec(void);

#define list_for_each_entry(pos, head, member) \
	for (pos = pv_any(); pos; pos = pv_any())
#define list_for_each_entry_reverse(pos, head, member) \
	for (pos = pv_any(); pos; pos = pv_any())
#define list_for_each_entry_safe(pos, next, head, member) \
	for (pos = pv_any(), next = pos; pos; pos = next, next = pv_any())
#define list_for_each_entry_safe_reverse(pos, next, head, member) \
	for (pos = pv_any(), next = pos; pos; pos = next, next = pv_any())
#define rq_list_for_each(list, rq) \
	for (rq = pv_any(); rq; rq = pv_any())
#define pv_iob_for_each(iob, rq) \
	for (rq = pv_any(); rq; rq = pv_any())
#define rq_for_each_segment(bv, rq, iter) \
	for (bv = pv_any_bvec(); pv_any(); bv = pv_any_bvec())
#define hash_for_each_possible(table, pos, member, key) \
	for (pos = pv_any(); pos; pos = pv_any())
