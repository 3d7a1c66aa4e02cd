/* Probes: a scanner for the plain form, the JSON reader for the rest, names looked up once. */
#include "policy/batch.h"

#include "doc/json.h"
#include "doc/read.h"

#define PORT_MAX 65535

/* A line taken apart. Views are of the line or of the arena that it was read into. */
struct probe {
	struct rf_str from, to, protocol, port_name; /* ptr NULL: absent */
	uint32_t port;
	bool has_port;
};

int policy_batch_init(struct policy_batch *batch, const struct policy_refs *refs)
{
	*batch = (struct policy_batch){.refs = refs, .arena = rf_arena_new(0)};
	return batch->arena ? RF_OK : RF_EINTERNAL;
}

void policy_batch_done(struct policy_batch *batch)
{
	rf_map_done(&batch->names);
	rf_vec_done(&batch->ends);
	rf_arena_free(batch->arena);
	batch->arena = NULL;
}

/* --- the plain form --- */

struct scan {
	const char *at, *end;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* A string of printable ASCII without escapes. */
static bool take_string(struct scan *s, struct rf_str *ret)
{
	const char *start;

	if (!take(s, '"'))
		return false;
	for (start = s->at; s->at < s->end && *s->at != '"'; s->at++) {
		if (*s->at < ' ' || *s->at > '~' || *s->at == '\\')
			return false;
	}
	*ret = (struct rf_str){start, (size_t)(s->at - start)};
	return s->at++ < s->end;
}

/* One to five digits, no leading zero: what a port looks like. */
static bool take_number(struct scan *s, uint32_t *ret)
{
	const char *start = s->at;
	uint32_t value = 0;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - start < 6)
		value = value * 10 + (uint32_t)(*s->at++ - '0');
	*ret = value;
	return s->at > start && s->at - start < 6 && *start != '0';
}

static bool take_once(struct scan *s, struct rf_str *field)
{
	return !field->ptr && take_string(s, field);
}

static bool take_port(struct scan *s, struct probe *ret)
{
	if (ret->has_port)
		return false;
	ret->has_port = true;
	skip_space(s);
	if (s->at < s->end && *s->at == '"')
		return take_string(s, &ret->port_name);
	return take_number(s, &ret->port);
}

static bool take_field(struct scan *s, struct probe *ret)
{
	struct rf_str key;

	if (!take_string(s, &key) || !take(s, ':'))
		return false;
	if (rf_str_eq(key, RF_STR("from")))
		return take_once(s, &ret->from);
	if (rf_str_eq(key, RF_STR("to")))
		return take_once(s, &ret->to);
	if (rf_str_eq(key, RF_STR("port")))
		return take_port(s, ret);
	if (rf_str_eq(key, RF_STR("protocol")))
		return take_once(s, &ret->protocol);
	return false;
}

/* False for everything that the strict reader should look at, right or wrong. */
static bool scan_plain(struct rf_str line, struct probe *ret)
{
	struct scan s = {line.ptr, line.ptr + line.len};

	*ret = (struct probe){.has_port = false};
	if (!line.len || !take(&s, '{'))
		return false;
	do {
		if (!take_field(&s, ret))
			return false;
	} while (take(&s, ','));
	if (!take(&s, '}'))
		return false;
	skip_space(&s);
	return s.at == s.end && ret->from.ptr && ret->to.ptr;
}

/* --- any other form --- */

static int wrong_type(const struct doc_node *node, const char *want, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "%s: want %s, this is %s", node->key.ptr, want,
		doc_type_name((enum doc_type)node->type));
}

static int read_port(const struct doc_node *node, struct probe *ret, struct rf_err *err)
{
	if (node->type == DOC_NULL)
		return RF_OK;
	ret->has_port = true;
	if (node->type == DOC_STRING) {
		ret->port_name = node->text;
		return RF_OK;
	}
	if (node->type != DOC_INT)
		return wrong_type(node, "a number or the name of a port", err);
	if (node->number < 1 || node->number > PORT_MAX)
		return rf_err_set(err, RF_EINPUT, "port: %lld is not between 1 and %d",
			(long long)node->number, PORT_MAX);
	ret->port = (uint32_t)node->number;
	return RF_OK;
}

static int read_field(const struct doc_node *node, struct probe *ret, struct rf_err *err)
{
	struct rf_str *field;

	if (rf_str_is(node->key, "port"))
		return read_port(node, ret, err);
	if (rf_str_is(node->key, "from"))
		field = &ret->from;
	else if (rf_str_is(node->key, "to"))
		field = &ret->to;
	else if (rf_str_is(node->key, "protocol"))
		field = &ret->protocol;
	else
		return rf_err_set(err, RF_EINPUT,
			"unknown field \"" RF_STR_FMT "\": want from, to, port, protocol",
			RF_STR_ARG(node->key));
	if (node->type == DOC_NULL && field == &ret->protocol)
		return RF_OK;
	if (node->type != DOC_STRING)
		return wrong_type(node, "a string", err);
	*field = node->text;
	return RF_OK;
}

static int read_probe(const struct doc_node *root, struct probe *ret, struct rf_err *err)
{
	*ret = (struct probe){.has_port = false};
	if (root->type != DOC_MAP)
		return rf_err_set(err, RF_EINPUT, "a line must be one JSON object");
	doc_each (node, root) {
		int code = read_field(node, ret, err);

		if (code < 0)
			return code;
	}
	if (!ret->from.ptr || !ret->to.ptr)
		return rf_err_set(err, RF_EINPUT, "%s is missing", ret->from.ptr ? "to" : "from");
	return RF_OK;
}

static int parse_line(
	struct rf_str line, struct rf_arena *arena, struct probe *ret, struct rf_err *err)
{
	const struct doc_node *root = NULL;
	AUTO_DIAGS diags = {.error_count = 0};
	int code = doc_parse_json(line, "line", 1, arena, &diags, &root);

	if (code < 0 || !root) {
		if (!diags.list.count)
			return rf_err_set(
				err, code < 0 ? (enum rf_code)code : RF_EINPUT, "this is not JSON");
		return rf_err_set(err, RF_EINPUT, "column %u: %s", diags.list.items[0].pos.col,
			diags.list.items[0].msg);
	}
	return read_probe(root, ret, err);
}

/* --- answers --- */

static int find_end(
	struct policy_batch *batch, struct rf_str name, struct policy_ref *ret, struct rf_err *err)
{
	uintptr_t index;
	int code;

	if (rf_map_get(&batch->names, name, &index)) {
		*ret = batch->ends.items[index];
		return RF_OK;
	}
	code = policy_ref_parse(batch->refs, name, ret, err);
	if (code < 0 || batch->ends.count >= POLICY_BATCH_MAX_NAMES)
		return code;
	name = rf_arena_str(batch->arena, name);
	if (!name.ptr || !rf_vec_push(&batch->ends, *ret) ||
		!rf_map_put(&batch->names, name, batch->ends.count - 1))
		return rf_err_nomem(err);
	return RF_OK;
}

static int make_ask(const struct probe *probe, struct policy_ask *ret, struct rf_err *err)
{
	*ret = (struct policy_ask){.proto = POLICY_TCP, .any_port = !probe->has_port};
	if (probe->protocol.ptr && !policy_proto_parse(probe->protocol, &ret->proto))
		return rf_err_set(err, RF_EINPUT,
			"protocol: \"" RF_STR_FMT "\" is not TCP, UDP, SCTP or ICMP",
			RF_STR_ARG(probe->protocol));
	if (probe->has_port && ret->proto == POLICY_OTHER)
		return rf_err_set(err, RF_EINPUT, "port: ICMP has no ports");
	ret->name = probe->port_name;
	ret->port = (uint16_t)probe->port;
	if (probe->has_port && !probe->port_name.ptr &&
		(probe->port == 0 || probe->port > PORT_MAX))
		return rf_err_set(
			err, RF_EINPUT, "port: %u is not between 1 and %d", probe->port, PORT_MAX);
	return RF_OK;
}

static int judge(struct policy_batch *batch, const struct probe *probe, struct policy_verdict *ret,
	struct rf_err *err)
{
	struct policy_question question;
	struct policy_answer answer;
	int code = find_end(batch, probe->from, &question.from, err);

	if (code == RF_OK)
		code = find_end(batch, probe->to, &question.to, err);
	if (code == RF_OK)
		code = make_ask(probe, &question.ask, err);
	if (code == RF_OK)
		code = policy_ref_judge(batch->refs->policy, &question, &answer, err);
	if (code == RF_OK)
		*ret = answer.verdict;
	return code;
}

static int judge_any_form(struct policy_batch *batch, struct rf_str line,
	struct policy_verdict *ret, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct probe probe;
	int code;

	if (!arena)
		return rf_err_nomem(err);
	code = parse_line(line, arena, &probe, err);
	return code < 0 ? code : judge(batch, &probe, ret, err);
}

static void add_verdict(const struct policy_verdict *v, struct rf_buf *out)
{
#define ANSWER(a, e, i) RF_STR("{\"allowed\":" a ",\"egress\":" e ",\"ingress\":" i "}\n")
	static const struct rf_str answers[] = {
		ANSWER("false", "false", "false"),
		ANSWER("false", "false", "true"),
		ANSWER("false", "true", "false"),
		ANSWER("false", "true", "true"), /* some ports each way, none in common */
		ANSWER("true", "true", "true"),
	};
#undef ANSWER
	size_t index = v->allowed ? 4 : (size_t)v->egress * 2 + v->ingress;

	rf_buf_add_str(out, answers[index]);
}

void policy_batch_error(const char *message, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_c(&w, "error", message);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

int policy_batch_line(
	struct policy_batch *batch, struct rf_str line, struct rf_buf *out, struct rf_err *err)
{
	struct policy_verdict verdict;
	struct probe probe;
	int code;

	if (line.len > POLICY_BATCH_MAX_LINE)
		code = rf_err_set(
			err, RF_ELIMIT, "the line is longer than %zu bytes", POLICY_BATCH_MAX_LINE);
	else if (!batch->slow_only && scan_plain(line, &probe))
		code = judge(batch, &probe, &verdict, err);
	else
		code = judge_any_form(batch, line, &verdict, err);
	if (code == RF_EINTERNAL)
		return code;
	if (code < 0)
		policy_batch_error(err->msg, out);
	else
		add_verdict(&verdict, out);
	return code;
}
