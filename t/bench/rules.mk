# Programs of the benches, read by the Makefile. t/module/bench.t needs the
# load generator, so that it belongs to `tests`; the rest is `bench`.

LOAD := $(wildcard t/bench/load*.c)

bench: module $(BUILD)/bench/load $(BUILD)/bench/disk $(BUILD)/bench/bare \
       $(BUILD)/bench/ngx_http_bench_module.so

tests: $(BUILD)/bench/load $(BUILD)/bench/disk $(BUILD)/bench/bare

$(BUILD)/bench/load: $(call obj,$(LOAD))
$(BUILD)/bench/disk: $(call obj,t/bench/disk.c)

$(BUILD)/bench/bare: $(call obj,t/bench/bare.c)

$(BUILD)/bench/load $(BUILD)/bench/disk $(BUILD)/bench/bare:
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SAN_LDFLAGS) -o $@ $^ -lm \
	    $(if $(filter %/bare,$@),$(shell pkg-config --libs libpq))

$(BUILD)/bench/ngx_http_bench_module.so: $(wildcard t/bench/module/*) \
                                         ngx_http_lapor_module/build.sh
	@mkdir -p $(@D)
	LAPOR_ADDON=t/bench/module LAPOR_ADDON_NAME=ngx_http_bench_module \
	    sh ngx_http_lapor_module/build.sh "$(BUILD)/bench"

.PHONY: bench
