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
	{&image_push_usage, image_verb_push},
	{&image_list_usage, image_verb_list},
	{&image_remove_usage, image_verb_remove},
	{&image_vercmp_usage, image_verb_vercmp},
	{&image_cvss_usage, image_verb_cvss},
	{&image_db_usage, image_verb_db},
};

int cmd_image(int argc, char **argv)
{
	const struct opt_usage *usages[RF_ARRAY_LEN(verbs)];
	const struct opt_group group = {
		.verb = "image",
		.summary = "the images on this machine",
		.text = "Workloads run from images that were imported here, by their names in the "
			"manifests, or from a path. Names are completed as Docker completes them: "
			"shop/app is docker.io/shop/app:latest.",
		.usages = usages,
		.usage_count = RF_ARRAY_LEN(usages),
		.more = image_db_usages,
		.more_count = image_db_usage_count,
	};
	size_t index;
	int status;

	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		usages[i] = verbs[i].usage;
	status = opt_group(&group, argc, argv, &index);
	return status == OPT_GO ? verbs[index].run(argc - 1, argv + 1) : status;
}
