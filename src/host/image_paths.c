/* Containers are changed in place: the rest of the program sees absolute paths only. */
#include "host/image_paths.h"

#include <unistd.h>

#include "image/ref.h"

struct finding {
	struct kube_set *set;
	struct image_paths *paths;
	struct rf_diags *diags;
};

/* Heap; NULL without memory. file: of the manifest. */
static char *join(const char *file, struct rf_str image)
{
	const char *slash = strrchr(file, '/');
	char *joined;

	if (image.ptr[0] == '/')
		return rf_str_dup(image);
	if (asprintf(&joined, "%.*s" RF_STR_FMT, slash ? (int)(slash + 1 - file) : 0, file,
		    RF_STR_ARG(image)) < 0)
		return NULL;
	return joined;
}

static bool is_known(const struct image_paths *paths, struct rf_str path)
{
	rf_vec_each (known, paths) {
		if (rf_str_eq(known->path, path))
			return true;
	}
	return false;
}

static int add_container(struct finding *f, struct kube_container *container)
{
	struct rf_pos pos = doc_field_pos(container->node, "image");
	AUTO_FREE char *joined = join(pos.file ? pos.file : "", container->image);
	AUTO_FREE char *path = joined ? realpath(joined, NULL) : NULL;

	if (!joined)
		return RF_EINTERNAL;
	if (!path) {
		rf_diag_add(f->diags, RF_ERROR, pos,
			"image " RF_STR_FMT ": there is no %s (a path is taken from the "
			"manifest's directory)",
			RF_STR_ARG(container->image), joined);
		return RF_OK;
	}
	container->image = rf_arena_str(f->set->arena, rf_str_of(path));
	if (!container->image.ptr)
		return RF_EINTERNAL;
	if (is_known(f->paths, container->image))
		return RF_OK;
	return rf_vec_push(f->paths, ((struct image_path){container->image, pos})) ? RF_OK
										   : RF_EINTERNAL;
}

static int add_list(struct finding *f, const struct doc_list *list)
{
	struct kube_container *containers = list->items;

	for (size_t i = 0; i < list->count; i++) {
		if (image_ref_is_path(containers[i].image) && add_container(f, &containers[i]) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

int image_paths_find(struct kube_set *set, struct image_paths *ret, struct rf_diags *diags)
{
	struct finding f = {set, ret, diags};

	rf_vec_each (object, &set->objects) {
		const struct kube_pod_spec *pod;

		if (!kube_kind_is_workload((*object)->kind))
			continue;
		pod = &(*object)->workload->pod;
		if (add_list(&f, &pod->init_containers) < 0 || add_list(&f, &pod->containers) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}
