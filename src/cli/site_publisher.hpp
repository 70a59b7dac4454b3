#pragma once

#include "base/result.hpp"
#include "bookstore/site.hpp"
#include "cli/site_edges.hpp"
#include "drivers/objects/client.hpp"
#include "io/http.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cloudshelf::cli {

enum class DryRun : bool { no, yes };
enum class Upload : bool { changed, all };
enum class Refresh : bool { changed, all };

struct PublishOptions {
    std::string bucket;
    DryRun dry_run = DryRun::no;
    Upload upload = Upload::changed;
    Refresh refresh = Refresh::changed;
    std::size_t releases_kept = 3;
    SiteEdges edges = {};
};

struct Published {
    std::string release;
    std::size_t files = 0;
    std::vector<std::string> uploaded;  // in this order
    std::size_t bytes = 0;              // of those
    std::vector<std::string> removed;
    std::map<std::string, std::vector<std::string>> refreshed;  // by edge: the addresses that it has fetched anew
    std::vector<Error> edges_behind;  // one for each edge that may show old pages; the next publish asks it again
};

/// Makes the bucket hold this site: the release's manifest, then whatever differs from what is there, in the site's own
/// order, so that the front page is switched last; then removes what only releases older than the last three have; then
/// has each edge fetch anew what it has not fetched since it changed. Stopped anywhere, it leaves a whole site, and
/// doing it again ends it. Two at a time on one bucket: the last front page wins, both manifests stay, each refreshes
/// what it has changed. Clients outlive the call.
///
/// An edge that is not refreshed is no error here. Errors: those of the objects client; "site.bad-record".
io::Task<Result<Published>> publish_site(
    objects_client::Client* objects,
    io::HttpClient* edges,
    bookstore::Site site,
    PublishOptions options,
    std::function<void(const std::string& line)> say
);

}  // namespace cloudshelf::cli
