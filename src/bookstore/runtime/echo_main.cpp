// A function for tests: answers as its argument says.
//   good   statusCode 200      bad   statusCode 500      alias   500 under an alias, 200 under a version
//   crash  ends in the middle of each invocation         init    cannot start
#include "bookstore/runtime/runtime.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    using namespace cloudshelf;
    const std::string how = argc > 1 ? argv[1] : "good";
    const auto host = runtime::host_from_environment();
    if (!host) return 64;
    if (how == "init") {
        runtime::report_init_error({.host = *host}, {.code = "Echo.Init", .message = "as told"});
        return 1;
    }
    return runtime::serve({.host = *host}, [&](const runtime::Invocation& invocation) -> Result<std::string> {
        if (how == "crash") std::abort();
        const bool under_alias = invocation.arn.ends_with(":live");
        const int status = how == "bad" || (how == "alias" && under_alias) ? 500 : 200;
        std::printf("how=%s\n", how.c_str());
        std::fflush(stdout);
        return boost::json::serialize(boost::json::object{{"statusCode", status}, {"body", invocation.payload}});
    });
}
