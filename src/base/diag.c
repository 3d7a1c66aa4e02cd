/* The list of findings of a run. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

void rf_diags_done(struct rf_diags *diags)
{
	rf_vec_each (d, &diags->list)
		free(d->msg);
	rf_vec_done(&diags->list);
	diags->error_count = diags->hidden_count = 0;
}

int rf_diag_add(
	struct rf_diags *diags, enum rf_severity severity, struct rf_pos pos, const char *fmt, ...)
{
	struct rf_diag *diag;
	va_list ap;
	char *msg = NULL;

	if (!diags)
		return RF_EINPUT;
	if (severity == RF_ERROR)
		diags->error_count++;
	if (diags->list.count >= RF_DIAGS_MAX) {
		diags->hidden_count++;
		return RF_EINPUT;
	}
	va_start(ap, fmt);
	if (vasprintf(&msg, fmt, ap) < 0)
		msg = NULL;
	va_end(ap);
	diag = msg ? rf_vec_add(&diags->list) : NULL;
	if (!diag) {
		free(msg);
		diags->hidden_count++;
		return RF_EINPUT;
	}
	*diag = (struct rf_diag){.pos = pos, .severity = severity, .msg = msg};
	return RF_EINPUT;
}

const char *rf_severity_name(enum rf_severity severity)
{
	switch (severity) {
	case RF_NOTE: return "note";
	case RF_WARNING: return "warning";
	case RF_ERROR: break;
	}
	return "error";
}
