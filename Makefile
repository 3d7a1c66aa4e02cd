# Ringfence. `make` builds build/ringfence; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := all

# Pick another build directory for another configuration, e.g. make B=build/asan SAN=1 CC=clang
B     ?= build
ifeq ($(origin CC),default)
CC    := gcc
endif
SAN   ?=
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo 0.1)

PKGS := yaml-0.1 libmnl libnftnl libarchive libzstd libssl libcrypto libnghttp2 libseccomp zlib
CPPFLAGS += -Isrc -I. -D_GNU_SOURCE -DRF_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wmissing-prototypes -Wvla \
	-Wcast-qual -Wformat=2 -Wno-sign-conversion $(if $(WERROR),-Werror)
CFLAGS_ALL := -std=gnu17 -g -ffile-prefix-map=$(CURDIR)=. $(WARN) -MMD -MP -fPIE -pthread
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread
ifeq ($(SAN),)
CFLAGS_ALL += -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
else
# SAN=1, or SAN=thread for what has threads.
SANITIZERS := $(if $(filter thread,$(SAN)),thread,address,undefined)
CFLAGS_ALL += -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZERS) $(if $(filter thread,$(SAN)),,-fno-sanitize-recover=undefined)
LDFLAGS_ALL += -fsanitize=$(SANITIZERS)
endif
# libFuzzer sees nothing of code that was compiled without this.
CFLAGS_ALL += $(if $(FUZZ),-fsanitize=fuzzer-no-link)
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
# libarchive for good: the shared one brings libxml2, ICU and libstdc++ along, whose relocations
# cost every start of every child 2 ms. What is used of it needs none of them.
ARCHIVE_A := $(wildcard $(shell pkg-config --variable=libdir libarchive 2>/dev/null)/libarchive.a)
LIBS := $(if $(ARCHIVE_A),$(patsubst -larchive,-l:libarchive.a -llzma -lbz2 -lnettle -llz4,$(LIBS)),$(LIBS))

LIB_SRC := $(sort $(filter-out src/cmd/%,$(wildcard src/*/*.c src/*/*/*.c)))
# What only tests need: a peer that makes databases of RPM.
TEST_LIBS := $(shell pkg-config --libs sqlite3 2>/dev/null)

CMD_SRC := $(sort $(wildcard src/cmd/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(B)/%.o)
UNIT    := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/*/*.c tests/unit/*/*/*.c)))
PACKET  := $(patsubst tests/packet/%.c,$(B)/packet/%,$(sort $(wildcard tests/packet/*.c)))
FUZZERS := $(patsubst fuzz/%.c,$(B)/fuzz/%,$(sort $(filter-out fuzz/replay.c,$(wildcard fuzz/*.c))))
BENCH   := $(patsubst bench/%.c,$(B)/bench/%,$(sort $(wildcard bench/*.c)))
TESTLIB := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/lib/*.c)))

.PHONY: all help ready unit packet fuzzers benches bench test test-long lint fuzz demo format install clean
all: $(B)/ringfence ## the program, at build/ringfence

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

# One line that says what is missing and what to do, before the first compiler error.
ready:
	@missing=; command -v $(firstword $(CC)) >/dev/null || missing=" $(firstword $(CC))"; \
	command -v pkg-config >/dev/null || missing="$$missing pkg-config"; \
	for p in $(PKGS); do pkg-config --exists $$p 2>/dev/null || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || { echo "cannot build, missing:$$missing. Run as root: scripts/deps build" >&2; exit 2; }

$(B)/%.o: %.c | ready
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(CFLAGS) -c -o $@ $<

$(B)/libringfence.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/ringfence: $(CMD_OBJ) $(B)/libringfence.a
	$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $(CMD_OBJ) $(B)/libringfence.a $(LIBS)

$(B)/tests/%: $(B)/tests/unit/%.o $(TESTLIB) $(B)/libringfence.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $(TESTLIB) $(B)/libringfence.a $(LIBS) $(TEST_LIBS)

# Tests of what is not in the library: the verbs' own code, without its main().
$(B)/tests/cmd/%: $(B)/tests/unit/cmd/%.o $(TESTLIB) $(filter-out %/main.o,$(CMD_OBJ)) $(B)/libringfence.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/packet/%: $(B)/tests/packet/%.o $(TESTLIB) $(B)/libringfence.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $(TESTLIB) $(B)/libringfence.a $(LIBS)

$(B)/bench/%: $(B)/bench/%.o $(TESTLIB) $(B)/libringfence.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $(LDFLAGS) -o $@ $< $(TESTLIB) $(B)/libringfence.a $(LIBS)

# A fuzz target is one LLVMFuzzerTestOneInput. With FUZZ=1 (clang) it is a libFuzzer program;
# otherwise fuzz/replay.c gives it a main that runs a corpus through it.
ifneq ($(FUZZ),)
$(B)/fuzz/%: $(B)/fuzz/%.o $(B)/libringfence.a
	$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< $(B)/libringfence.a $(LIBS)
else
$(B)/fuzz/%: $(B)/fuzz/%.o $(B)/fuzz/replay.o $(B)/libringfence.a
	$(CC) $(LDFLAGS_ALL) -o $@ $< $(B)/fuzz/replay.o $(B)/libringfence.a $(LIBS)
endif
.SECONDARY:

unit: $(UNIT)
packet: $(PACKET)
fuzzers: $(FUZZERS)
benches: $(BENCH)
bench: benches $(B)/ringfence ## the figures behind the README's claims
	scripts/bench $(B)

test: ## everything, on a fresh Debian machine (about 17 minutes)
	scripts/test
test-long: ## the slow rest of the tests
	scripts/test --long
lint: ## format, clang-tidy, cppcheck, -fanalyzer, floors, headers, spelling
	scripts/lint
fuzz: ## an hour a target; corpora grow in build/corpus
	scripts/fuzz --seconds 3600
demo: ## the shop, fenced, on this machine (ONCE=1 stops after the proof)
	scripts/demo $(if $(ONCE),--once)
format: ## clang-format over every C file
	clang-format -i $(shell git ls-files '*.c' '*.h')

PREFIX ?= /usr/local
install: all ## into PREFIX (/usr/local)
	install -D -m 755 $(B)/ringfence $(DESTDIR)$(PREFIX)/bin/ringfence
	for m in docs/man/*.[158]; do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
clean: ## away with build/
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
