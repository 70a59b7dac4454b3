#include "drivers/edge/nginx_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::edge {
namespace {

std::string milliseconds(Duration duration) {
    return fmt::format("{}ms", std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::string seconds(Duration duration) {
    return fmt::format("{}s", std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

/// A word of nginx's language. `$` has no escape there: check() refuses it.
std::string in_quotes(std::string_view text) {
    std::string word = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') word += '\\';
        word += c;
    }
    return word + '"';
}

/// Each origin is a group of itself and of itself again, as `down`: nginx remembers failures only of servers that have
/// an alternative, and this one is never taken. While it is remembered as dead the answer is 502 at once.
std::string upstream(std::string_view name, const Origin& origin, const EdgeOptions& options) {
    return fmt::format(
        R"conf(
    upstream {0} {{
        zone {0} 64k;
        server {1} max_fails=1 fail_timeout={2};
        server {1} down;
        keepalive {3};
    }}
)conf",
        name,
        origin.endpoint.text(),
        seconds(options.dead_for),
        options.connections_kept
    );
}

/// Redirects to the origin's own name, which customers should not see: what is behind it is kept.
std::string own_address(const Origin& origin) {
    std::string host;
    for (const char c : origin.host) host += c == '.' ? std::string("[.]") : std::string(1, c);
    return "~^https?://" + host + "(?::[0-9]+)?(/.*)$";
}

/// `proxy_pass` to one origin.
std::string ask(std::string_view name, const Origin& origin) {
    return fmt::format(
        R"conf(            proxy_pass http://{0};
            proxy_set_header Host {1};
            proxy_set_header Connection "";
            proxy_redirect {2} $1;
            add_header X-Origin {0} always;
)conf",
        name,
        in_quotes(origin.host),
        in_quotes(own_address(origin))
    );
}

std::string inner(const EdgeOptions& options) {
    const auto statuses = fmt::format("{}", fmt::join(options.failover_statuses, " "));
    std::string text = upstream("primary", options.primary, options) + upstream("replica", options.replica, options);
    // 502 and 504 are nginx's own words for an origin that does not answer: they always move on.
    std::string all = statuses;
    for (const int silent : {502, 504}) {
        if (std::ranges::find(options.failover_statuses, silent) == options.failover_statuses.end())
            all += fmt::format(" {}", silent);
    }
    text += fmt::format(
        R"conf(
    # The origin group: the primary, and the replica for what the primary does not have or cannot say.
    server {{
        listen {0};
        access_log off;
        absolute_redirect off;
        merge_slashes off;
        recursive_error_pages on;
        location / {{
{1}            proxy_intercept_errors on;
            error_page {2} = @replica;
        }}
        location @replica {{
{3}            error_page 502 504 = @primary_after_all;
        }}
        # The replica is silent: what the primary said stands, were it "404". Dead, it costs no second wait.
        location @primary_after_all {{
{1}        }}
    }}

    # Requests that may change something go to the primary and nowhere else.
    server {{
        listen {4};
        access_log off;
        absolute_redirect off;
        merge_slashes off;
        location / {{
{1}        }}
    }}
)conf",
        in_quotes("unix:" + (options.folder / "group.sock").string()),
        ask("primary", options.primary),
        all,
        ask("replica", options.replica),
        in_quotes("unix:" + (options.folder / "single.sock").string())
    );
    return text;
}

std::string outer(const EdgeOptions& options) {
    std::string listen = fmt::format("        listen {}:{} default_server;\n", options.address, options.http_port);
    if (options.certificate) {
        listen += fmt::format(
            R"conf(        listen {}:{} ssl http2 default_server;
        ssl_certificate {};
        ssl_certificate_key {};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:2m;
        ssl_session_tickets off;
)conf",
            options.address,
            options.tls_port,
            in_quotes(options.certificate->certificate_file.string()),
            in_quotes(options.certificate->key_file.string())
        );
    }
    // The group may ask three times (primary, replica, primary after all) before it has an answer.
    const Duration patience = 3 * (options.connect_timeout + options.read_timeout) + std::chrono::seconds(1);
    return fmt::format(
        R"conf(
    server {{
{listen}        server_name {name};
        absolute_redirect off;
        merge_slashes off;
        client_max_body_size 1m;

        add_header X-Cache $upstream_cache_status always;
        add_header Strict-Transport-Security $hsts always;
        add_header Content-Security-Policy {policy} always;
        add_header X-Content-Type-Options nosniff always;
        add_header X-Frame-Options DENY always;
        add_header Referrer-Policy strict-origin-when-cross-origin always;
        add_header Permissions-Policy "camera=(), geolocation=(), microphone=(), payment=()" always;

        location / {{
            # A website endpoint does not look at the query, and a copy for each would let anybody fill the cache.
            set $args "";
            proxy_pass http://$group;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_set_header Accept-Encoding "";
            proxy_set_header Cookie "";
            proxy_set_header Authorization "";
            proxy_set_header X-Cloudshelf-Refresh "";
            proxy_set_header X-Forwarded-Host "";
            proxy_read_timeout {patience};

            proxy_cache site;
            proxy_cache_key $uri;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 2s;
            proxy_cache_revalidate on;
            proxy_cache_bypass $refresh;
            proxy_cache_background_update on;
            proxy_cache_use_stale error timeout invalid_header updating http_500 http_502 http_503 http_504;
            proxy_cache_valid 200 301 302 308 60s;
            proxy_cache_valid 403 404 10s;

            # What the group says of a missing page passes; what it says when it is down does not.
            proxy_intercept_errors on;
            error_page 500 502 503 504 /-/edge/unavailable.html;
        }}

        location = /-/edge/unavailable.html {{
            internal;
            alias {page};
            charset utf-8;
            default_type text/html;
        }}

        location = /-/edge/status {{
            stub_status;
            access_log off;
            allow 127.0.0.0/8;
            deny all;
        }}
    }}
)conf",
        fmt::arg("listen", listen),
        fmt::arg("name", options.server_name),
        fmt::arg("policy", in_quotes(options.content_security_policy)),
        fmt::arg("patience", milliseconds(patience)),
        fmt::arg("page", in_quotes((options.folder / "unavailable.html").string()))
    );
}

}  // namespace

std::string nginx_config(const EdgeOptions& options, std::string_view refresh_file) {
    const auto in_folder = [&](std::string_view name) { return in_quotes((options.folder / name).string()); };
    std::string text = "# Generated: written anew at each start and reload.\n";
    if (!options.worker_user.empty()) text += fmt::format("user {};\n", options.worker_user);
    text += fmt::format(
        R"conf(worker_processes {workers};
daemon off;
pid {pid};
error_log {error_log} notice;

events {{
    worker_connections 1024;
}}

http {{
    client_body_temp_path {client_temp};
    proxy_temp_path {proxy_temp};
    fastcgi_temp_path {fastcgi_temp};
    uwsgi_temp_path {uwsgi_temp};
    scgi_temp_path {scgi_temp};

    log_format lines escape=json
        '{{"time":"$time_iso8601","remote":"$remote_addr","method":"$request_method","uri":"$request_uri",'
        '"status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"cache":"$upstream_cache_status",'
        '"origin":"$sent_http_x_origin","origin_seconds":"$upstream_response_time","host":"$host",'
        '"tls":"$ssl_protocol","agent":"$http_user_agent"}}';
    access_log {access_log} lines;

    default_type application/octet-stream;
    server_tokens off;
    sendfile on;
    tcp_nodelay on;
    keepalive_timeout 60s;
    client_header_timeout 10s;
    client_body_timeout 10s;
    send_timeout 30s;
    reset_timedout_connection on;

    gzip on;
    gzip_vary on;
    gzip_proxied any;
    gzip_min_length 512;
    gzip_types text/css text/plain text/javascript application/javascript application/json application/xml image/svg+xml;

    proxy_cache_path {cache} levels=1:2 keys_zone=site:8m max_size={cache_size} inactive={kept} use_temp_path=off;
    proxy_http_version 1.1;
    proxy_connect_timeout {connect};
    proxy_send_timeout {read};
    proxy_read_timeout {read};

    map_hash_bucket_size 256;
    map $http_x_cloudshelf_refresh $refresh {{
        default 0;
        include {refresh};
    }}
    map $https $hsts {{
        default "";
        on "max-age=31536000; includeSubDomains";
    }}
    map $request_method $group {{
        default single;
        GET group;
        HEAD group;
        OPTIONS group;
    }}

    upstream group {{
        server {group};
        keepalive {kept_connections};
    }}
    upstream single {{
        server {single};
    }}
)conf",
        fmt::arg("workers", options.workers),
        fmt::arg("pid", in_folder("nginx.pid")),
        fmt::arg("error_log", in_folder("error.log")),
        fmt::arg("access_log", in_folder("access.log")),
        fmt::arg("client_temp", in_folder("temp-client")),
        fmt::arg("proxy_temp", in_folder("temp-proxy")),
        fmt::arg("fastcgi_temp", in_folder("temp-fastcgi")),
        fmt::arg("uwsgi_temp", in_folder("temp-uwsgi")),
        fmt::arg("scgi_temp", in_folder("temp-scgi")),
        fmt::arg("cache", in_folder("cache")),
        fmt::arg("cache_size", options.cache_size),
        fmt::arg("kept", seconds(options.cache_kept)),
        fmt::arg("connect", milliseconds(options.connect_timeout)),
        fmt::arg("read", milliseconds(options.read_timeout)),
        fmt::arg("refresh", in_folder(refresh_file)),
        fmt::arg("group", in_quotes("unix:" + (options.folder / "group.sock").string())),
        fmt::arg("single", in_quotes("unix:" + (options.folder / "single.sock").string())),
        fmt::arg("kept_connections", options.connections_kept)
    );
    return text + outer(options) + inner(options) + "}\n";
}

std::string unavailable_page(const EdgeOptions& options) {
    return fmt::format(
        R"conf(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>We will be back in a moment</title>
</head>
<body>
<main>
<h1>We will be back in a moment</h1>
<p>This page of {} cannot be shown right now. Your cart and your orders are safe.</p>
<p><a href="/">Go to the front page</a>, or try again in a minute.</p>
</main>
</body>
</html>
)conf",
        options.server_name
    );
}

std::string refresh_map(std::string_view secret) {
    return secret.empty() ? "" : fmt::format("\"{}\" 1;\n", secret);
}

}  // namespace cloudshelf::edge
