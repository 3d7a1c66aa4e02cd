/* Optimal string alignment distance in three rolling rows. */
#include "doc/similar.h"

#include <ctype.h>
#include <limits.h>

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

unsigned doc_similar_distance(struct rf_str a, struct rf_str b)
{
	unsigned rows[3][DOC_SIMILAR_MAX + 1];

	if (a.len > DOC_SIMILAR_MAX || b.len > DOC_SIMILAR_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]);
			bool swapped = i > 1 && j > 1 &&
				       lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
				       lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
			if (swapped && two_above[j - 2] + 1 < row[j])
				row[j] = two_above[j - 2] + 1;
		}
	}
	return rows[a.len % 3][b.len];
}

bool doc_similar_enough(unsigned distance, size_t len)
{
	return distance <= (len < 4 ? 1 : len < 9 ? 2 : 3) && distance < len;
}
