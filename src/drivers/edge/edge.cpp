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
#include <vector>

namespace cloudshelf::edge {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto moment = 5ms;  // between two looks at a process
constexpr std::string_view program_folders = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin";

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

struct GeneratedFile {
    const char* name;
    std::string content;
    unsigned mode;
};

Result<void> write_files(const fs::path& folder, const std::vector<GeneratedFile>& files) {
    for (const auto& file : files) {
        const auto written = io::replace_file(folder / file.name, file.content, file.mode);
        if (!written) return written;
    }
    return {};
}

/// What nginx thinks of nginx.conf.new.
Result<void> test(const std::string& nginx, const fs::path& folder, io::Deadline deadline) {
    const auto tested = io::run(
        {.argv = {nginx, "-t", "-q", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf.new"},
         .env = {},
         .run_as = {},
         .directory = folder,
         .output = {}},
        deadline.remaining()
    );
    if (!tested) return fail(tested.error());
    if (tested->status == 0) return {};
    const auto why = reason(tested->err);
    return fail(errors::bad_configuration(why.empty() ? tested->err : why));
}

bool listens(const EdgeOptions& options) {
    const bool plain = io::who_listens(options.address, options.http_port).has_value();
    return plain && (!options.certificate || io::who_listens(options.address, options.tls_port).has_value());
}

}  // namespace

std::string nginx_program() {
    std::string_view folders = program_folders;
    while (!folders.empty()) {
        const auto folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
        auto program = fmt::format("{}/nginx", folder);
        if (::access(program.c_str(), X_OK) == 0) return program;
    }
    return {};
}

Edge::Edge(EdgeOptions options) : options_(with_user(std::move(options))) {}

Edge::~Edge() {
    stop(io::Deadline::after(Duration::zero()));
}

/// What is in use is replaced only by what nginx has tested beside it: one that it refuses changes nothing, and a later
/// start finds one that works.
Result<void> Edge::prepare(const EdgeOptions& options, io::Deadline deadline) const {
    const auto fine = check(options);
    if (!fine) return fine;
    const auto secret =
        options.refresh_secret_file.empty() ? Result<std::string>() : read_refresh_secret(options.refresh_secret_file);
    if (!secret) return fail(secret.error());
    const auto nginx = nginx_program();
    if (nginx.empty()) return fail(errors::no_nginx(program_folders));
    std::error_code failed;
    fs::create_directories(options.folder, failed);
    if (failed) return fail("edge.folder", fmt::format("{}: {}", options.folder.string(), failed.message()));
    ::chmod(options.folder.c_str(), 0755);  // workers of another user find cache and sockets in it
    const auto map = refresh_map(*secret);
    const auto proposed = write_files(
        options.folder,
        {{"refresh.map.new", map, 0600}, {"nginx.conf.new", nginx_config(options, "refresh.map.new"), 0644}}
    );
    if (!proposed) return proposed;
    const auto tested = test(nginx, options.folder, deadline);
    if (!tested) return tested;
    // Should this end half-way: each of them works with the others' older ones.
    const auto written = write_files(
        options.folder,
        {{"refresh.map", map, 0600},
         {"unavailable.html", unavailable_page(options), 0644},
         {"nginx.conf", nginx_config(options), 0644}}
    );
    if (!written) return written;
    for (const char* name : {"refresh.map.new", "nginx.conf.new"}) fs::remove(options.folder / name, failed);
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
            {nginx_program(),
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
    // A master that was killed leaves its workers, who go on listening: they are of its process group.
    ::kill(-pid_, SIGKILL);
    pid_ = 0;
    const auto gone = io::Deadline::after(1s);
    while (listens(options_) && !gone.passed()) std::this_thread::sleep_for(moment);
    return false;
}

}  // namespace cloudshelf::edge
