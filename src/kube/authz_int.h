/* What decodes AuthorizationPolicies: its lists and conditions (authz_values.c). */
#ifndef RF_KUBE_AUTHZ_INT_H
#define RF_KUBE_AUTHZ_INT_H

#include "kube/kube_int.h"

#define KUBE_NO_JWT \
	"tokens of requests (JWT) are not read here, and a policy cannot be half enforced"

/* doc_custom: struct kube_cidr_list and struct kube_port_list, of lists of strings. */
int kube_decode_blocks(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_decode_authz_ports(struct doc_decoder *dec, const struct doc_node *node, void *field);

/* There, and neither null nor an empty list. */
bool kube_says_something(const struct doc_node *list);

/* Checks an entry of a list of strings. */
typedef void (*kube_text_check)(struct doc_decoder *dec, const struct doc_node *item);

void kube_check_text(struct doc_decoder *dec, const struct doc_node *item);
void kube_check_pattern(struct doc_decoder *dec, const struct doc_node *item);
void kube_check_principal(struct doc_decoder *dec, const struct doc_node *item);
void kube_check_account(struct doc_decoder *dec, const struct doc_node *item);

/* Each string of a list; NULL is an empty one. */
void kube_check_texts(struct doc_decoder *dec, const struct doc_node *list, kube_text_check check);

extern const struct doc_schema kube_authz_condition_schema;
void kube_finish_authz_condition(struct doc_decoder *dec, struct kube_authz_condition *c);

#endif
