/* What a file's own attributes give away: setuid, setgid, who may write it, capabilities. */
#include <linux/capability.h>
#include <sys/stat.h>

#include "base/reader.h"
#include "image/scan/visit_file_int.h"

int visit_add_file(
	struct visit *visit, enum scan_file_kind kind, const char *detail, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	const struct scan_file file = {
		.kind = kind,
		.mode = input->mode & 07777,
		.uid = input->uid,
		.gid = input->gid,
		.detail = rf_str_of(detail),
	};
	int rc = inventory_place(&visit->scanner->inv, input->path, &visit->place, err);

	return rc < 0 ? rc : inventory_add_file(&visit->scanner->inv, visit->place, &file, err);
}

static const char *const capability_names[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"};

/* struct vfs_cap_data of linux/capability.h, in words: "cap_net_raw,cap_kill=ep". */
static void capability_words(struct rf_str value, struct rf_buf *out)
{
	struct rf_reader r = rf_reader_of((struct rf_bytes){(const uint8_t *)value.ptr, value.len});
	uint32_t magic = rf_read_u32(&r);
	uint64_t permitted = rf_read_u32(&r);

	rf_read_u32(&r); /* inheritable */
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_1)
		permitted |= (uint64_t)rf_read_u32(&r) << 32;
	if (r.failed)
		permitted = 0;
	for (size_t i = 0; i < RF_ARRAY_LEN(capability_names); i++) {
		if (permitted >> i & 1)
			rf_buf_addf(out, "%scap_%s", out->len ? "," : "", capability_names[i]);
	}
	rf_buf_add_c(out, magic & VFS_CAP_FLAGS_EFFECTIVE ? "=ep" : "=p");
}

int visit_check_modes(struct visit *visit, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	AUTO_BUF words = {.max = 2048};
	int rc = RF_OK;

	if (input->mode & S_ISUID)
		rc = visit_add_file(visit, SCAN_FILE_SETUID, "", err);
	if (rc == RF_OK && (input->mode & S_ISGID) && (input->mode & S_IXGRP))
		rc = visit_add_file(visit, SCAN_FILE_SETGID, "", err);
	if (rc == RF_OK && (input->mode & S_IWOTH))
		rc = visit_add_file(visit, SCAN_FILE_WORLD_WRITABLE, "", err);
	if (rc == RF_OK && input->capability.len) {
		capability_words(input->capability, &words);
		rc = visit_add_file(visit, SCAN_FILE_CAPABILITY, rf_buf_cstr(&words), err);
	}
	return rc;
}
