/* `image`: what is on this machine, what is inside, and making the smallest that works. */
#include "cmd/image.h"

struct image_verb {
	const struct opt_usage *usage;
	int (*run)(int argc, char **argv);
};

static const struct image_verb verbs[] = {
	{&image_import_usage, image_verb_import},
	{&image_scan_usage, image_verb_scan},
	{&image_sbom_usage, image_verb_sbom},
	{&image_judge_usage, image_verb_judge},
	{&image_pack_usage, image_verb_pack},
	{&image_push_usage, image_verb_push},
	{&image_list_usage, image_verb_list},
	{&image_remove_usage, image_verb_remove},
	{&image_vercmp_usage, image_verb_vercmp},
	{&image_cvss_usage, image_verb_cvss},
	{&image_db_usage, image_verb_db},
};

#define MAX_DB_VERBS 8

int cmd_image(int argc, char **argv)
{
	const struct opt_usage *usages[RF_ARRAY_LEN(verbs) + MAX_DB_VERBS];
	struct opt_group group = {
		.verb = "image",
		.summary = "the images on this machine, what is in them, and small new ones",
		.text = "Workloads run from images that were imported here, by their names in the "
			"manifests, or from a path. Names are completed as Docker completes them: "
			"shop/app is docker.io/shop/app:latest.",
		.usages = usages,
		.usage_count = RF_ARRAY_LEN(verbs),
		.page_usages = usages,
		.page_count = RF_ARRAY_LEN(verbs),
	};
	size_t index;
	int status;

	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		usages[i] = verbs[i].usage;
	for (size_t i = 0; i < image_db_usage_count && i < MAX_DB_VERBS; i++)
		usages[group.page_count++] = image_db_usages[i];
	status = opt_group(&group, argc, argv, &index);
	return status == OPT_GO ? verbs[index].run(argc - 1, argv + 1) : status;
}
