-- Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
--
-- The receiver one would write with nginx's Lua module: the body, its
-- signature by libcrypto with a context that keeps its key, XADD over a pool
-- of connections, and 200 after the reply.

local ffi = require "ffi"
local redis = require "nginx.redis"

ffi.cdef[[
typedef struct evp_mac_st EVP_MAC;
typedef struct evp_mac_ctx_st EVP_MAC_CTX;
typedef struct ossl_param_st {
    const char *key;
    unsigned int data_type;
    void *data;
    size_t data_size;
    size_t return_size;
} OSSL_PARAM;
EVP_MAC *EVP_MAC_fetch(void *libctx, const char *name, const char *query);
EVP_MAC_CTX *EVP_MAC_CTX_new(EVP_MAC *mac);
int EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
    const OSSL_PARAM *params);
int EVP_MAC_update(EVP_MAC_CTX *ctx, const unsigned char *data, size_t len);
int EVP_MAC_final(EVP_MAC_CTX *ctx, unsigned char *out, size_t *len,
    size_t size);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
unsigned char *ngx_hex_dump(unsigned char *dst, const unsigned char *src,
    size_t len);
]]

local OSSL_PARAM_UTF8_STRING = 4
local KEY = "lapor:{00}:msg"
local POOL_SIZE = 256
local POOL_IDLE = 60000

local C = ffi.C
local digest = ffi.new("unsigned char[32]")
local hex = ffi.new("unsigned char[64]")
local len = ffi.new("size_t[1]")
local mac, address

local M = {}


function M.setup(secret_file, redis_address)
    local file = assert(io.open(secret_file))
    local secret = file:read("*l")
    file:close()

    local name = ffi.new("char[7]", "SHA256")
    local params = ffi.new("OSSL_PARAM[2]")
    params[0].key = "digest"
    params[0].data_type = OSSL_PARAM_UTF8_STRING
    params[0].data = name
    params[0].data_size = 6

    mac = C.EVP_MAC_CTX_new(C.EVP_MAC_fetch(nil, "HMAC", nil))
    assert(C.EVP_MAC_init(mac, secret, #secret, params) == 1)
    address = redis_address
end


local function valid(header, body)
    if type(header) ~= "string" or #header ~= 71
       or header:sub(1, 7) ~= "sha256="
    then
        return false
    end

    C.EVP_MAC_init(mac, nil, 0, nil)
    C.EVP_MAC_update(mac, body, #body)
    C.EVP_MAC_final(mac, digest, len, 32)
    C.ngx_hex_dump(hex, digest, 32)

    return C.CRYPTO_memcmp(hex, header:sub(8), 64) == 0
end


local function finish(status)
    ngx.status = status
    ngx.header.content_length = 0
    return ngx.exit(status)
end


function M.handle()
    ngx.req.read_body()

    local body = ngx.req.get_body_data()
    if not body or not valid(ngx.var.http_x_hub_signature_256, body) then
        return finish(403)
    end

    local red = redis:new()
    red:set_timeout(1500)

    if not red:connect(address) then
        return finish(503)
    end

    local id = red:xadd(KEY, "*", "b", body, "t",
                        string.format("%d", ngx.now() * 1000))
    if not id then
        red:close()
        return finish(503)
    end

    red:set_keepalive(POOL_IDLE, POOL_SIZE)
    return finish(200)
end


return M
