# Lapor. GNU make; `make help` lists the targets.
#
#   BUILD=DIR   where everything built goes (default build)
#   SAN=1       AddressSanitizer and UndefinedBehaviorSanitizer in the workers,
#               the emulator, the unit tests and the module
#   WERROR=1    warnings are errors (CI)

BUILD   ?= build
CC      ?= gcc
SAN     ?=
WERROR  ?=

prefix      ?= /usr
sysconfdir  ?= /etc
sbindir     ?= $(prefix)/sbin
bindir      ?= $(prefix)/bin
datadir     ?= $(prefix)/share/lapor
docdir      ?= $(prefix)/share/doc/lapor
unitdir     ?= /lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
nginxmodules   ?= $(prefix)/lib/nginx/modules
nginxavailable ?= $(prefix)/share/nginx/modules-available

PKGS := hiredis libpq yajl libcurl libcrypto libmicrohttpd

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wformat=2 -Wvla -Wundef
CFLAGS   ?= -O2 -g
CPPFLAGS += -Iworkers -I. -D_GNU_SOURCE \
            -DLAPOR_DATADIR='"$(datadir)"' -DLAPOR_SYSCONFDIR='"$(sysconfdir)"'
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) -fstack-protector-strong \
             $(if $(WERROR),-Werror)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)

ifeq ($(SAN),1)
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined \
              -fno-omit-frame-pointer -U_FORTIFY_SOURCE
SAN_LDFLAGS = -fsanitize=address,undefined
else
CPPFLAGS   += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

LIBS_LIB    = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB      := $(call src,workers/lib)
DECODE   := $(call src,workers/decode)
CLASSIFY := $(call src,workers/classify)
LOCATE   := $(call src,workers/locate)
INTAKE   := $(call src,workers/intake)
MEDIA    := $(call src,workers/media)
REPLY    := $(call src,workers/reply)
CTL      := $(call src,workers/laporctl)
GRAPH    := $(call src,t/graph)
UNIT     := $(call src,t/unit)
MODULE   := $(wildcard ngx_http_lapor_module/*) config

LIBRARIES := $(LIB) $(DECODE) $(CLASSIFY) $(LOCATE)

PROGRAMS  := $(if $(INTAKE),$(BUILD)/lapor-intake) \
             $(if $(MEDIA),$(BUILD)/lapor-media) \
             $(if $(REPLY),$(BUILD)/lapor-reply) \
             $(if $(CTL),$(BUILD)/laporctl)
UNITTESTS := $(patsubst t/unit/%.c,$(BUILD)/t/unit/%,$(UNIT))

all: workers module

workers: $(PROGRAMS)

module: $(BUILD)/ngx_http_lapor_module.so

graph: $(BUILD)/lapor-graph

unit: $(UNITTESTS)

tests: all graph unit

$(BUILD)/lapor-intake: $(call obj,$(INTAKE) $(LIBRARIES))
$(BUILD)/lapor-media:  $(call obj,$(MEDIA) $(LIB))
$(BUILD)/lapor-reply:  $(call obj,$(REPLY) $(LIB))
$(BUILD)/laporctl:     $(call obj,$(CTL) $(LIBRARIES))

$(PROGRAMS):
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SAN_LDFLAGS) -o $@ $^ $(LIBS_LIB)

$(BUILD)/lapor-graph: $(call obj,$(GRAPH) $(LIB))
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SAN_LDFLAGS) -o $@ $^ $(LIBS_LIB)

$(BUILD)/t/unit/%: $(BUILD)/obj/t/unit/%.o $(call obj,$(LIBRARIES))
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SAN_LDFLAGS) -o $@ $^ $(LIBS_LIB) -lz

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# The module is built by nginx's own configure, as Debian builds its own
# modules: same flags, same signature, or the server refuses to load it.

$(BUILD)/ngx_http_lapor_module.so: $(MODULE)
	sh ngx_http_lapor_module/build.sh "$(BUILD)/module" $(SAN)
	cp $(BUILD)/module/ngx_http_lapor_module.so $@.new
	mv -f $@.new $@

include t/bench/rules.mk

# Tests: see t/run, which builds what it needs

check:
	t/run plain

asan:
	t/run asan

valgrind:
	t/run valgrind

# Fuzzing, T seconds a harness, from the committed corpus t/fuzz/corpus/NAME:
# each t/fuzz/NAME_fuzz.c is a program of libFuzzer, run and judged by
# t/fuzz/run.pl. What it finds stays in BUILD/fuzz. Code of the module is
# included by the harness; workers/'s libraries are at hand in an archive.

T ?= 60

FUZZERS   := $(patsubst t/fuzz/%_fuzz.c,$(BUILD)/fuzz/%,\
                        $(wildcard t/fuzz/*_fuzz.c))
FUZZFLAGS  = -std=gnu11 -g -O1 -U_FORTIFY_SOURCE -fno-omit-frame-pointer \
             -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzzobj    = $(patsubst %.c,$(BUILD)/obj/fuzz/%.o,$(1))

fuzzers: $(FUZZERS)

fuzz: fuzzers
	LAPOR_FUZZ_SECONDS=$(T) prove -j2 --exec 'perl -It/lib t/fuzz/run.pl' \
	    $(FUZZERS)

$(BUILD)/fuzz/%: $(BUILD)/obj/fuzz/t/fuzz/%_fuzz.o \
                 $(BUILD)/obj/fuzz/libraries.a
	@mkdir -p $(@D)
	clang $(FUZZFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_LIB) -lz

$(BUILD)/obj/fuzz/libraries.a: $(call fuzzobj,$(LIBRARIES))
	rm -f $@
	ar rcs $@ $^

$(BUILD)/obj/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZFLAGS) $(WARN) \
	    $(if $(WERROR),-Werror) -fsanitize=fuzzer-no-link -MMD -MP -c \
	    -o $@ $<

# Everything where Debian would put it; nothing is enabled or started

install: all
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) \
	    $(DESTDIR)$(nginxmodules) $(DESTDIR)$(nginxavailable) \
	    $(DESTDIR)$(unitdir) $(DESTDIR)$(sysusersdir) \
	    $(DESTDIR)$(tmpfilesdir) $(DESTDIR)$(sysconfdir)/lapor \
	    $(DESTDIR)$(datadir)/schema $(DESTDIR)$(datadir)/demo \
	    $(DESTDIR)$(datadir)/nginx $(DESTDIR)$(datadir)/redis \
	    $(DESTDIR)$(datadir)/postgresql $(DESTDIR)$(datadir)/prometheus \
	    $(DESTDIR)$(docdir)/doc
	install -m 755 $(BUILD)/lapor-intake $(BUILD)/lapor-media \
	    $(BUILD)/lapor-reply $(DESTDIR)$(sbindir)
	install -m 755 $(BUILD)/laporctl $(DESTDIR)$(bindir)
	install -m 644 $(BUILD)/ngx_http_lapor_module.so \
	    $(DESTDIR)$(nginxmodules)
	install -m 644 conf/nginx/50-mod-http-lapor.conf \
	    $(DESTDIR)$(nginxavailable)/mod-http-lapor.conf
	install -m 644 conf/nginx/lapor.conf conf/nginx/lapor-tls.conf \
	    $(DESTDIR)$(datadir)/nginx
	install -m 644 conf/redis/lapor.conf $(DESTDIR)$(datadir)/redis
	install -m 644 conf/postgresql/lapor.conf \
	    $(DESTDIR)$(datadir)/postgresql
	install -m 644 conf/prometheus/*.yml $(DESTDIR)$(datadir)/prometheus
	install -m 644 conf/systemd/*.service conf/systemd/*.timer \
	    $(DESTDIR)$(unitdir)
	install -m 644 conf/systemd/lapor.sysusers \
	    $(DESTDIR)$(sysusersdir)/lapor.conf
	install -m 644 conf/systemd/lapor.tmpfiles \
	    $(DESTDIR)$(tmpfilesdir)/lapor.conf
	test -e $(DESTDIR)$(sysconfdir)/lapor/lapor.conf || \
	    install -m 644 conf/lapor.conf $(DESTDIR)$(sysconfdir)/lapor
	install -m 644 schema/roles.sql schema/[0-9]*.sql \
	    $(DESTDIR)$(datadir)/schema
	cp -r conf/demo/. $(DESTDIR)$(datadir)/demo
	install -m 644 README.md CHANGES.md CONTRIBUTING.md SECURITY.md \
	    LICENSE $(DESTDIR)$(docdir)
	install -m 644 doc/*.md $(DESTDIR)$(docdir)/doc

clean:
	rm -rf $(BUILD)

help:
	@echo 'make [BUILD=DIR] [CC=clang] [SAN=1] [WERROR=1] TARGET'
	@echo '  all        module and workers (what install installs)'
	@echo '  tests      all, the Graph emulator and the unit tests'
	@echo '  check      run every test; asan: under the sanitizers;'
	@echo '             valgrind: the unit tests under valgrind'
	@echo '  fuzz       T=SECONDS a harness (60)'
	@echo '  bench      what ./dev bench runs'
	@echo '  install    DESTDIR= and prefix= as usual'
	@echo '  clean      remove BUILD'

.PHONY: all workers module graph unit tests check asan valgrind fuzz fuzzers \
        install clean help
.DELETE_ON_ERROR:
.SECONDARY:
