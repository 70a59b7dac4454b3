#include "drivers/edge/edge.hpp"

#include "drivers/edge/errors.hpp"
#include "drivers/edge/nginx_config.hpp"
#include "drivers/edge/refresh.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::edge {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto moment = 5ms;  // between two looks at a process

/// Debian keeps it where only root's PATH reaches.
std::string find_nginx() {
    std::string_view folders = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin";
    while (!folders.empty()) {
        const auto folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
        auto program = fmt::format("{}/nginx", folder);
        if (::access(program.c_str(), X_OK) == 0) return program;
    }
    return {};
}

/// The lines that say what is wrong, without those that only say that something is.
std::string reason(std::string_view output) {
    std::string text;
    while (!output.empty()) {
        const auto line = output.substr(0, output.find('\n'));
        output.remove_prefix(std::min(output.size(), line.size() + 1));
        if (!line.contains("[emerg] ") && !line.contains("[crit] ")) continue;
        if (!text.empty()) text += "; ";
        text += line.substr(line.find("] ") + 2);
    }
    return text;
}

EdgeOptions with_user(EdgeOptions options) {
    if (::geteuid() != 0) {
        options.worker_user.clear();
    } else if (options.worker_user.empty()) {
        options.worker_user = "www-data";
    }
    return options;
}

bool listens(const EdgeOptions& options) {
    const bool plain = io::who_listens(options.address, options.http_port).has_value();
    return plain && (!options.certificate || io::who_listens(options.address, options.tls_port).has_value());
}

}  // namespace

Edge::Edge(EdgeOptions options) : options_(with_user(std::move(options))) {}

Edge::~Edge() {
    stop(io::Deadline::after(Duration::zero()));
}

/// nginx.conf is replaced only by what nginx has tested, so that a later start finds one that works.
Result<void> Edge::prepare(const EdgeOptions& options, io::Deadline deadline) const {
    const auto fine = check(options);
    if (!fine) return fine;
    const auto secret =
        options.refresh_secret_file.empty() ? Result<std::string>() : read_refresh_secret(options.refresh_secret_file);
    if (!secret) return fail(secret.error());
    const auto nginx = find_nginx();
    if (nginx.empty()) return fail(errors::no_nginx());
    std::error_code failed;
    fs::create_directories(options.folder, failed);
    if (failed) return fail("edge.folder", fmt::format("{}: {}", options.folder.string(), failed.message()));
    ::chmod(options.folder.c_str(), 0755);  // workers of another user find cache and sockets in it
    const std::pair<const char*, std::string> files[] = {
        {"refresh.map", refresh_map(*secret)},
        {"unavailable.html", unavailable_page(options)},
        {"nginx.conf.new", nginx_config(options)},
    };
    for (const auto& [name, content] : files) {
        const unsigned mode = std::string_view(name) == "refresh.map" ? 0600 : 0644;
        const auto written = io::replace_file(options.folder / name, content, mode);
        if (!written) return written;
    }
    const auto tested = io::run(
        {.argv =
             {nginx,
              "-t",
              "-q",
              "-p",
              options.folder,
              "-e",
              options.folder / "error.log",
              "-c",
              options.folder / "nginx.conf.new"},
         .env = {},
         .run_as = {},
         .directory = options.folder,
         .output = {}},
        deadline.remaining()
    );
    if (!tested) return fail(tested.error());
    if (tested->status != 0) {
        const auto why = reason(tested->err);
        return fail(errors::bad_configuration(why.empty() ? tested->err : why));
    }
    fs::rename(options.folder / "nginx.conf.new", options.folder / "nginx.conf", failed);
    if (failed) return fail("edge.folder", fmt::format("{}: {}", options.folder.string(), failed.message()));
    return {};
}

Result<void> Edge::start(io::Deadline deadline) {
    if (running()) return {};
    for (const int port : {int{options_.http_port}, options_.certificate ? int{options_.tls_port} : 0}) {
        const auto who = port == 0 ? std::nullopt : io::who_listens(options_.address, port);
        if (who) return fail("io.address-in-use", fmt::format("{}:{} is taken by {}", options_.address, port, *who));
    }
    // nginx leaves its sockets behind when it is killed, and then finds them "in use".
    for (const char* name : {"group.sock", "single.sock"}) ::unlink((options_.folder / name).c_str());
    const auto ready = prepare(options_, deadline);
    if (!ready) return ready;
    const auto started = io::spawn({
        .argv =
            {find_nginx(),
             "-p",
             options_.folder,
             "-e",
             options_.folder / "error.log",
             "-c",
             options_.folder / "nginx.conf"},
        .env = {},
        .run_as = {},
        .directory = options_.folder,
        .output = options_.folder / "output.log",
        .death_signal = SIGTERM,  // its master takes the workers with it; killed, it could not
    });
    if (!started) return fail(started.error());
    pid_ = *started;
    while (!deadline.passed()) {
        if (!running()) {
            const auto said = io::read_file(options_.folder / "output.log").value_or("");
            const auto why = reason(said);
            return fail(errors::not_up(why.empty() ? "it ended, see error.log in its folder" : why));
        }
        if (listens(options_)) return {};
        std::this_thread::sleep_for(moment);
    }
    stop(io::Deadline::after(Duration::zero()));
    return fail(errors::not_up("it does not listen in time"));
}

Result<void> Edge::reload(EdgeOptions options, io::Deadline deadline) {
    if (!running()) return fail(errors::not_running());
    options = with_user(std::move(options));
    const bool same_place = options.folder == options_.folder && options.address == options_.address &&
                            options.http_port == options_.http_port && options.tls_port == options_.tls_port &&
                            options.certificate.has_value() == options_.certificate.has_value();
    if (!same_place) return fail(errors::bad_option("folder, address and ports change with a new start only"));
    const auto ready = prepare(options, deadline);
    if (!ready) return ready;
    options_ = std::move(options);
    return signal(SIGHUP);
}

Result<void> Edge::reopen_logs() {
    return signal(SIGUSR1);
}

Result<void> Edge::signal(int number) const {
    if (!running() || ::kill(pid_, number) != 0) return fail(errors::not_running());
    return {};
}

void Edge::stop(io::Deadline deadline) {
    if (!running()) return;
    ::kill(pid_, SIGQUIT);
    while (!deadline.passed() && running()) std::this_thread::sleep_for(moment);
    if (!running()) return;
    io::kill_tree(pid_, io::AndRoot::yes, 5s);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

bool Edge::running() const {
    if (pid_ <= 0) return false;
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
    pid_ = 0;
    return false;
}

}  // namespace cloudshelf::edge
