#pragma once

#include "base/result.hpp"
#include "drivers/objects/client.hpp"
#include "io/http.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

/// Changed pages through a site's edges. What an edge still has to fetch anew stands in the bucket from before the
/// first upload until the edge has done it: whatever interrupts a publish, or keeps an edge away from it, is made up
/// for by the next publish that names this edge.
namespace cloudshelf::cli {

struct SiteEdges {
    std::vector<io::Endpoint> endpoints = {};
    std::string host = "www.cloudshelf.com";  // that they are asked for
    std::string refresh_secret = {};
};

/// Everything that says so lies below it, in the bucket.
inline constexpr const char* owed_prefix = "releases/edges/";

struct Owed {
    io::Endpoint edge;
    std::string key;                     // of the record of it
    std::vector<std::string> addresses;  // in the order of asking
};

/// Where customers see a page, as a request names it: "books/index.html" is at "/books/" as well.
std::vector<std::string> addresses_of(const std::string& path);

/// What each edge is owed: what the bucket says, then what has changed now. `keys`: of all objects of the bucket.
/// Errors: those of the objects client; "site.bad-record".
io::Task<Result<std::vector<Owed>>> owed_to(
    objects_client::Client* objects,
    std::string bucket,
    SiteEdges edges,
    std::set<std::string> keys,
    std::vector<std::string> changed
);

/// Has the bucket say it. Errors: those of the objects client.
io::Task<Result<void>> record(objects_client::Client* objects, std::string bucket, Owed owed);

struct Settled {
    std::vector<std::string> refreshed;  // addresses
    Result<void> outcome;                // the first error ended it; the record stays then
};

/// Has the edge fetch all of it anew, and removes the record. Clients outlive the call. Errors: edge::refresh's, and
/// those of the objects client.
io::Task<Settled> settle(
    objects_client::Client* objects,
    io::HttpClient* client,
    std::string bucket,
    SiteEdges edges,
    Owed owed,
    std::function<void(const std::string& line)> say
);

}  // namespace cloudshelf::cli
