/* Address blocks: the ranges that they cut, and membership compared bit by bit. */
#include "policy/blocks.h"
#include "base/buf.h"
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"

#define BLOCKS_MAX 200
#define CIDRS_MAX  4

struct fixture {
	struct rf_arena *arena;
	struct policy_blocks blocks;
	struct kube_ip_block sources[BLOCKS_MAX];
	struct rf_cidr cidrs[BLOCKS_MAX][CIDRS_MAX];
	uint32_t numbers[BLOCKS_MAX];
	unsigned count;
};

static void fixture_done(struct fixture **f)
{
	policy_blocks_done(&(*f)->blocks);
	rf_arena_free((*f)->arena);
	free(*f);
}
#define AUTO_FIXTURE CLEANUP(fixture_done) struct fixture

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || !(f->arena = rf_arena_new(0)))
		abort();
	policy_blocks_init(&f->blocks, f->arena);
	return f;
}

/* Adds the first cidr with the others as its excepts; its number. */
static uint32_t add_cidrs(struct fixture *f, const struct rf_cidr *cidrs, size_t count)
{
	struct kube_ip_block *block = &f->sources[f->count];

	memcpy(f->cidrs[f->count], cidrs, count * sizeof(*cidrs));
	block->cidrs = f->cidrs[f->count];
	block->cidr_count = count;
	CHECK_INT(policy_blocks_add(&f->blocks, block, &f->numbers[f->count]), RF_OK);
	return f->numbers[f->count++];
}

/* "10.0.0.0/8 10.1.0.0/16": a block and its excepts. */
static uint32_t add(struct fixture *f, const char *text)
{
	struct rf_cidr cidrs[CIDRS_MAX];
	size_t count = 0;

	for (struct rf_str rest = rf_str_of(text), word; rest.ptr && count < CIDRS_MAX; count++) {
		rest = rf_str_cut(rest, ' ', &word);
		CHECK(rf_cidr_parse(word, &cidrs[count]));
	}
	return add_cidrs(f, cidrs, count);
}

static bool in(const struct fixture *f, uint32_t block, const char *address)
{
	struct rf_ip ip = {.family = RF_FAMILY_NONE};

	CHECK(rf_ip_parse(rf_str_of(address), &ip));
	return policy_blocks_has(&f->blocks, policy_blocks_membership(&f->blocks, &ip), block);
}

static void ranges_are(const struct policy_ip_ranges *ranges, const char *want, int line)
{
	AUTO_BUF text = {.data = NULL};
	char first[RF_IP_TEXT_SIZE], last[RF_IP_TEXT_SIZE];

	rf_vec_each (r, ranges)
		rf_buf_addf(&text, "%s-%s:%u ", rf_ip_text(&r->first, first),
			rf_ip_text(&r->last, last), r->membership);
	tap_check_str(rf_buf_cstr(&text), want, __FILE__, line);
}
#define RANGES(ranges, want) ranges_are(ranges, want, __LINE__)

static void without_blocks_each_family_is_one_range(void)
{
	AUTO_FIXTURE *f = fixture_new();

	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	RANGES(&f->blocks.v4, "0.0.0.0-255.255.255.255:0 ");
	RANGES(&f->blocks.v6, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:0 ");
}

static void an_except_leaves_a_hole(void)
{
	AUTO_FIXTURE *f = fixture_new();
	uint32_t b = add(f, "10.0.0.0/8 10.1.0.0/16");

	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	CHECK(in(f, b, "10.0.0.0") && in(f, b, "10.0.255.255") && in(f, b, "10.2.0.0"));
	CHECK(!in(f, b, "10.1.0.0") && !in(f, b, "10.1.255.255"));
	CHECK(!in(f, b, "9.255.255.255") && !in(f, b, "11.0.0.0"));
	RANGES(&f->blocks.v4, "0.0.0.0-9.255.255.255:0 10.0.0.0-10.0.255.255:1 "
			      "10.1.0.0-10.1.255.255:0 10.2.0.0-10.255.255.255:1 "
			      "11.0.0.0-255.255.255.255:0 ");
}

static void another_block_may_hold_what_one_excepts(void)
{
	AUTO_FIXTURE *f = fixture_new();
	uint32_t a = add(f, "10.0.0.0/8 10.1.0.0/16"), b = add(f, "10.1.2.0/24");

	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	CHECK(!in(f, a, "10.1.2.3") && in(f, b, "10.1.2.3"));
	CHECK(!in(f, a, "10.1.3.3") && !in(f, b, "10.1.3.3"));
}

static void a_block_of_one_family_holds_nothing_of_the_other(void)
{
	AUTO_FIXTURE *f = fixture_new();
	uint32_t a = add(f, "0.0.0.0/0"), b = add(f, "::/0 fd00::/8");

	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	CHECK(in(f, a, "0.0.0.0") && in(f, a, "255.255.255.255") && !in(f, a, "::"));
	CHECK(in(f, b, "::") && in(f, b, "fe00::") && !in(f, b, "fd00::1") && !in(f, b, "1.2.3.4"));
	RANGES(&f->blocks.v4, "0.0.0.0-255.255.255.255:1 ");
}

static void the_last_address_of_a_family_ends_the_last_range(void)
{
	AUTO_FIXTURE *f = fixture_new();
	uint32_t a = add(f, "255.255.255.255/32"),
		 b = add(f, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");

	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	CHECK(in(f, a, "255.255.255.255") && !in(f, a, "255.255.255.254"));
	CHECK(in(f, b, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	CHECK_INT(f->blocks.v4.count, 2);
	CHECK_INT(f->blocks.v6.count, 2);
}

static void equal_blocks_are_one(void)
{
	AUTO_FIXTURE *f = fixture_new();
	uint32_t a = add(f, "10.0.0.0/8 10.1.0.0/16"), b = add(f, "10.9.9.9/8 10.1.0.1/16"),
		 c = add(f, "10.0.0.0/8");

	CHECK_INT(a, b);
	CHECK(a != c);
}

static void an_unknown_address_is_in_no_block(void)
{
	AUTO_FIXTURE *f = fixture_new();
	struct rf_ip unknown = {.family = RF_FAMILY_NONE};

	add(f, "0.0.0.0/0");
	CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
	CHECK_INT(policy_blocks_membership(&f->blocks, &unknown), POLICY_IN_NO_BLOCK);
}

/* --- random blocks, bit by bit --- */

static struct rf_ip random_ip(struct rng *rng, enum rf_family family)
{
	struct rf_ip ip = {.family = family};
	size_t len = rf_family_len(family);

	/* Few values a byte, so that blocks nest; now and then anything. */
	for (size_t i = 0; i < len; i++)
		ip.bytes[i] = rng_chance(rng, 5) ? (uint8_t)rng_next(rng)
						 : (uint8_t)(rng_below(rng, 2) * 255);
	ip.bytes[len - 1] = (uint8_t)rng_next(rng);
	return ip;
}

static struct rf_cidr random_cidr(struct rng *rng, enum rf_family family, unsigned above)
{
	unsigned bits = (unsigned)rf_family_len(family) * 8;
	struct rf_cidr cidr = {.prefix = above + rng_below(rng, bits - above + 1)};

	cidr.ip = random_ip(rng, family);
	for (unsigned bit = cidr.prefix; bit < bits; bit++)
		cidr.ip.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return cidr;
}

/* Puts the bits of outer before those of ip. */
static void move_into(struct rf_ip *ip, const struct rf_cidr *outer)
{
	for (unsigned bit = 0; bit < outer->prefix; bit++) {
		uint8_t mask = (uint8_t)(0x80U >> bit % 8);

		ip->bytes[bit / 8] =
			(uint8_t)((ip->bytes[bit / 8] & ~mask) | (outer->ip.bytes[bit / 8] & mask));
	}
}

static void add_random(struct fixture *f, struct rng *rng)
{
	enum rf_family family = rng_chance(rng, 50) ? RF_IPV4 : RF_IPV6;
	unsigned bits = (unsigned)rf_family_len(family) * 8;
	struct rf_cidr cidrs[CIDRS_MAX];
	size_t count = 1;

	cidrs[0] = random_cidr(rng, family, 0);
	for (unsigned i = rng_below(rng, CIDRS_MAX); i > 0 && cidrs[0].prefix < bits; i--) {
		cidrs[count] = random_cidr(rng, family, cidrs[0].prefix + 1);
		move_into(&cidrs[count++].ip, &cidrs[0]);
	}
	add_cidrs(f, cidrs, count);
}

static bool bits_match(const struct rf_cidr *cidr, const struct rf_ip *ip)
{
	for (unsigned bit = 0; bit < cidr->prefix; bit++) {
		if ((cidr->ip.bytes[bit / 8] ^ ip->bytes[bit / 8]) & 0x80U >> bit % 8)
			return false;
	}
	return cidr->ip.family == ip->family;
}

static bool really_in(const struct fixture *f, unsigned block, const struct rf_ip *ip)
{
	const struct kube_ip_block *b = &f->sources[block];

	for (size_t i = 1; i < b->cidr_count; i++) {
		if (bits_match(&b->cidrs[i], ip))
			return false;
	}
	return bits_match(&b->cidrs[0], ip);
}

static void check_address(const struct fixture *f, const struct rf_ip *ip)
{
	uint32_t membership = policy_blocks_membership(&f->blocks, ip);
	char text[RF_IP_TEXT_SIZE];

	for (unsigned b = 0; b < f->count; b++)
		CHECKF(policy_blocks_has(&f->blocks, membership, f->numbers[b]) ==
				really_in(f, b, ip),
			"%s and block %u", rf_ip_text(ip, text), b);
}

/* Sorted, without gaps, from the first address to the last; neighbours differ. */
static void check_whole(const struct policy_ip_ranges *ranges)
{
	const struct policy_ip_range *last = &ranges->items[ranges->count - 1];
	struct rf_ip next;

	for (size_t i = 0; i + 1 < ranges->count; i++) {
		const struct policy_ip_range *r = &ranges->items[i];

		CHECK(rf_ip_cmp(&r->first, &r->last) <= 0);
		CHECK(rf_ip_add(&r->last, 1, &next) && rf_ip_eq(&next, &r[1].first));
		CHECK(r->membership != r[1].membership);
	}
	CHECK(!rf_ip_add(&last->last, 1, &next));
	CHECK(!rf_ip_prev(&ranges->items[0].first, &next));
}

static void check_fixture(struct fixture *f, struct rng *rng)
{
	const struct policy_ip_ranges *both[] = {&f->blocks.v4, &f->blocks.v6};

	for (int i = 0; i < 2; i++) {
		check_whole(both[i]);
		rf_vec_each (r, both[i]) {
			check_address(f, &r->first);
			check_address(f, &r->last);
		}
		for (int n = 0; n < 50; n++) {
			struct rf_ip ip = random_ip(rng, i ? RF_IPV6 : RF_IPV4);

			check_address(f, &ip);
		}
	}
}

static void memberships_are_right_bit_by_bit(void)
{
	struct rng rng = {.state = rng_seed()};

	for (int i = 0; i < 200 && !tap_failed(); i++) {
		AUTO_FIXTURE *f = fixture_new();

		for (unsigned n = rng_below(&rng, i % 20 ? 12 : BLOCKS_MAX); n > 0; n--)
			add_random(f, &rng);
		CHECK_INT(policy_blocks_seal(&f->blocks), RF_OK);
		check_fixture(f, &rng);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(without_blocks_each_family_is_one_range);
	RUN(an_except_leaves_a_hole);
	RUN(another_block_may_hold_what_one_excepts);
	RUN(a_block_of_one_family_holds_nothing_of_the_other);
	RUN(the_last_address_of_a_family_ends_the_last_range);
	RUN(equal_blocks_are_one);
	RUN(an_unknown_address_is_in_no_block);
	RUN(memberships_are_right_bit_by_bit);
	return TAP_END();
}
