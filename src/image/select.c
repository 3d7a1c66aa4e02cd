/* Candidates are collected by kind of archive; the wish decides among them. */
#include "image/select_int.h"

#include "base/buf.h"
#include "image/ref.h"

const char *image_host_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__i386__)
	return "386";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#else
	return "unknown";
#endif
}

/* "linux/arm/v7" without its variant, which a config need not say. */
static void wished_platform(
	const struct selection *sel, struct rf_str *ret_os, struct rf_str *ret_arch)
{
	struct rf_str rest = rf_str_of(sel->wish->platform);

	*ret_os = RF_STR("linux");
	*ret_arch = rf_str_of(image_host_architecture());
	if (!rest.ptr)
		return;
	rest = rf_str_cut(rest, '/', ret_os);
	if (rest.ptr)
		rf_str_cut(rest, '/', ret_arch);
}

bool selection_is_foreign(const struct selection *sel, struct rf_str os, struct rf_str arch)
{
	struct rf_str want_os, want_arch;

	wished_platform(sel, &want_os, &want_arch);
	return (os.ptr && !rf_str_eq(os, want_os)) || (arch.ptr && !rf_str_eq(arch, want_arch));
}

void selection_done(struct selection *sel)
{
	rf_vec_each (it, &sel->candidates)
		rf_vec_done(&it->names);
	rf_vec_done(&sel->candidates);
}

struct candidate *selection_add(struct selection *sel, struct rf_err *err)
{
	struct candidate *candidate = NULL;

	if (sel->candidates.count >= IMAGE_MAX_CANDIDATES) {
		rf_err_set(err, RF_ELIMIT, "more than %d images", IMAGE_MAX_CANDIDATES);
		return NULL;
	}
	candidate = rf_vec_add(&sel->candidates);
	if (!candidate)
		rf_err_nomem(err);
	return candidate;
}

static bool same_name(const char *wish, struct rf_str name)
{
	char a[IMAGE_REF_SIZE], b[IMAGE_REF_SIZE];

	if (rf_str_is(name, wish))
		return true;
	return image_ref_normalise(rf_str_of(wish), a, NULL) == RF_OK &&
	       image_ref_normalise(name, b, NULL) == RF_OK && strcmp(a, b) == 0;
}

static bool answers_to(const struct candidate *candidate, const char *wish)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];

	if (strcmp(image_digest_text(&candidate->digest, text), wish) == 0)
		return true;
	rf_vec_each (name, &candidate->names) {
		if (same_name(wish, *name))
			return true;
	}
	return false;
}

static int list_names(const struct selection *sel, const char *problem, struct rf_err *err)
{
	AUTO_BUF names = {.max = RF_ERR_MSG_SIZE};
	char text[IMAGE_DIGEST_TEXT_SIZE];

	rf_vec_each (it, &sel->candidates) {
		rf_buf_add_c(&names, names.len ? ", " : "");
		if (it->names.count)
			rf_buf_add_str(&names, it->names.items[0]);
		else
			rf_buf_add_c(&names, image_digest_text(&it->digest, text));
	}
	return rf_err_set(err, RF_EINPUT, "%s; it has: %s%s", problem, rf_buf_cstr(&names),
		names.failed ? ", ..." : "");
}

static bool same_image(const struct candidate *a, const struct candidate *b)
{
	return a->node == b->node && image_digest_eq(&a->digest, &b->digest);
}

/* The candidates that answer to wish (all when NULL): NULL when none; *ret_many when several. */
static struct candidate *sift(struct selection *sel, const char *wish, bool *ret_many)
{
	struct candidate *found = NULL;

	*ret_many = false;
	rf_vec_each (it, &sel->candidates) {
		if ((wish && !answers_to(it, wish)) || (it->foreign && sel->native_count))
			continue;
		if (found && !same_image(found, it))
			*ret_many = true;
		found = found ? found : it;
	}
	return found;
}

/* An image that is listed once a name gets all of its names. */
static int gather_names(struct selection *sel, struct candidate *to)
{
	rf_vec_each (it, &sel->candidates) {
		if (it == to || !same_image(it, to))
			continue;
		rf_vec_each (name, &it->names) {
			if (!rf_vec_push(&to->names, *name))
				return RF_EINTERNAL;
		}
	}
	return RF_OK;
}

static int selection_pick(struct selection *sel, struct candidate **ret, struct rf_err *err)
{
	struct candidate *found;
	bool many;

	struct rf_str os, arch;

	wished_platform(sel, &os, &arch);
	if (sel->candidates.count == 0)
		return rf_err_set(err, RF_EINPUT,
			"no image for " RF_STR_FMT "/" RF_STR_FMT " in it%s", RF_STR_ARG(os),
			RF_STR_ARG(arch), sel->foreign_count ? ", only for other platforms" : "");
	found = sift(sel, sel->wish->select, &many);
	if (!found)
		return list_names(sel, "no image of that name in the archive", err);
	if (many && !sel->wish->select && sel->wish->prefer) {
		found = sift(sel, sel->wish->prefer, &many);
		if (!found)
			return list_names(sel, "several images and none of that name", err);
	}
	if (many)
		return list_names(sel, "several images: choose one by name", err);
	if (gather_names(sel, found) < 0)
		return rf_err_nomem(err);
	*ret = found;
	return RF_OK;
}

int selection_read(struct selection *sel, const char *name, struct rf_str *ret, struct rf_err *err)
{
	AUTO_BUF content = {.max = IMAGE_MAX_JSON + 1};
	int rc = image_member_read(sel->members, name, IMAGE_MAX_JSON, &content, err);

	if (rc < 0)
		return rc;
	*ret = rf_arena_str(sel->arena, rf_buf_str(&content));
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}

int selection_read_blob(struct selection *sel, const struct image_digest *digest, uint64_t size,
	struct rf_str *ret, struct rf_err *err)
{
	char text[IMAGE_DIGEST_TEXT_SIZE], name[IMAGE_MEMBER_SIZE];
	struct image_digest got;
	int rc;

	image_digest_text(digest, text);
	snprintf(name, sizeof(name), "blobs/sha256/%s", text + sizeof("sha256:") - 1);
	rc = selection_read(sel, name, ret, err);
	if (rc < 0)
		return rc;
	if (image_digest_of(*ret, &got) < 0 || !image_digest_eq(&got, digest))
		return rf_err_set(err, RF_EINPUT, "%s: the content has another digest", name);
	if (size != ANY_SIZE && size != ret->len)
		return rf_err_set(err, RF_EINPUT, "%s: %zu bytes, the descriptor says %llu", name,
			ret->len, (unsigned long long)size);
	return RF_OK;
}

static int refuse_platform(
	const struct selection *sel, const struct image_config *config, struct rf_err *err)
{
	if (sel->wish->platform)
		return rf_err_set(err, RF_EUNSUPPORTED,
			"the image is for %.40s/%.40s, not for %.80s", config->os.ptr,
			config->architecture.ptr, sel->wish->platform);
	return rf_err_set(err, RF_EUNSUPPORTED,
		"the image is for %.40s/%.40s, this machine is linux/%s", config->os.ptr,
		config->architecture.ptr, image_host_architecture());
}

int selection_take_config(struct selection *sel, struct image_choice *ret, struct rf_err *err)
{
	const struct image_config *config = &ret->config;
	int rc = image_config_parse(ret->config_raw, sel->arena, &ret->config, err);

	if (rc < 0)
		return rc;
	if (!sel->wish->any_platform && selection_is_foreign(sel, config->os, config->architecture))
		return refuse_platform(sel, config, err);
	if (config->diff_id_count != ret->layer_count)
		return rf_err_set(err, RF_EINPUT, "%zu layers, but the config names %zu",
			ret->layer_count, config->diff_id_count);
	for (size_t i = 0; i < ret->layer_count; i++)
		ret->layers[i].diff_id = config->diff_ids[i];
	return RF_OK;
}

int selection_take_layer(
	struct selection *sel, struct image_choice_layer *layer, uint64_t size, struct rf_err *err)
{
	int rc = sel->members->find(sel->members->ctx, layer->member, &layer->range, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "a layer is missing");
	if (size != ANY_SIZE && layer->range.len != size)
		return rf_err_set(err, RF_EINPUT, "%s: %llu bytes, the descriptor says %llu",
			layer->member, (unsigned long long)layer->range.len,
			(unsigned long long)size);
	return RF_OK;
}

/* What is no full name (a bare tag, as some tools write) cannot name an image. */
static int take_names(struct selection *sel, const struct candidate *from, struct image_choice *ret)
{
	ret->names = rf_arena_array(sel->arena, IMAGE_MAX_NAMES, sizeof(*ret->names));
	if (!ret->names)
		return RF_EINTERNAL;
	rf_vec_each (name, &from->names) {
		char text[IMAGE_REF_SIZE];

		if (ret->name_count == IMAGE_MAX_NAMES)
			break;
		if (!memchr(name->ptr, '/', name->len) && !memchr(name->ptr, ':', name->len))
			continue;
		if (image_ref_normalise(*name, text, NULL) < 0)
			continue;
		ret->names[ret->name_count] = rf_arena_str(sel->arena, rf_str_of(text));
		if (!ret->names[ret->name_count++].ptr)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

int image_select(const struct image_members *members, const struct image_wish *wish,
	struct rf_arena *arena, struct image_choice *ret, struct rf_err *err)
{
	CLEANUP(selection_done)
	struct selection sel = {.members = members, .wish = wish, .arena = arena};
	struct image_choice choice = {.layer_count = 0};
	struct candidate *picked = NULL;
	int rc = select_oci(&sel, err);
	bool docker = rc == RF_EABSENT;

	if (docker)
		rc = select_docker(&sel, err);
	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EINPUT,
			"neither an OCI image layout (index.json) nor a docker save archive "
			"(manifest.json)");
	if (rc == RF_OK)
		rc = selection_pick(&sel, &picked, err);
	if (rc == RF_OK && take_names(&sel, picked, &choice) < 0)
		rc = rf_err_nomem(err);
	if (rc == RF_OK && docker)
		rc = select_docker_fill(&sel, picked, &choice, err);
	else if (rc == RF_OK)
		rc = select_oci_fill(&sel, picked, &choice, err);
	if (rc == RF_OK)
		*ret = choice;
	return rc;
}
