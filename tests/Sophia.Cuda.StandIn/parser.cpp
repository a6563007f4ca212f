#include <cstdlib>

#include "coder.h"
#include "order.h"
#include "reader.h"

namespace standin {

namespace {

/// PTX ISA 4 and 5: directives, declarations, labels and instructions of a module.
class Parser : Reader {
public:
    explicit Parser(const std::string& text) : Reader(text) {}

    std::unique_ptr<Program> parse() {
        auto program = std::make_unique<Program>();
        while (peek().shape != Token::End) {
            const std::string word = next().text;
            if (word == ".version" || word == ".target" || word == ".address_size") {
                header(word);
            } else if (word == ".visible" || word == ".weak") {
                continue;
            } else if (word == ".entry" || word == ".func") {
                auto function = function_after(word);
                if (function != nullptr) {
                    program->functions[function->name] = std::move(function);
                }
            } else {
                fail("the directive " + word + " is not known");
            }
        }

        return program;
    }

private:
    void header(const std::string& word) {
        const std::string value = next().text;
        if (word == ".version" && std::atof(value.c_str()) > 8.4) {
            fail("PTX " + value + " is newer than the driver");
        }

        if (word == ".target" && (value.compare(0, 3, "sm_") != 0 || std::atoi(value.c_str() + 3) > 90)) {
            fail("the target " + value + " is not that of the device");
        }

        if (word == ".address_size" && value != "64") {
            fail("addresses have 64 bits");
        }
    }

    std::vector<Parameter> parameters(uint32_t& bytes) {
        std::vector<Parameter> all;
        expect("(");
        while (!skip(")")) {
            expect(".param");
            uint32_t alignment = 0;
            if (skip(".align")) {
                alignment = static_cast<uint32_t>(integer());
            }

            const Type type = type_after_dot();
            const std::string name = next().text;
            uint32_t size = static_cast<uint32_t>(type.bytes());
            alignment = std::max(alignment, size);
            if (skip("[")) {
                size *= static_cast<uint32_t>(integer());
                expect("]");
            }

            // PTX ISA 7.1 and 5.4: a parameter lies at its own alignment after the one before.
            bytes = (bytes + alignment - 1) / alignment * alignment;
            all.push_back({name, bytes, size, alignment});
            bytes += size;
            skip(",");
        }

        return all;
    }

    std::unique_ptr<Function> function_after(const std::string& word) {
        auto function = std::make_unique<Function>();
        function->is_entry = word == ".entry";
        Places places(*function);
        uint32_t result_bytes = 0;
        if (!function->is_entry && is("(")) {
            places.results = parameters(result_bytes);
        }

        function->name = next().text;
        if (is("(")) {
            function->parameters = parameters(function->parameter_bytes);
        }

        while (is(".maxntid") || is(".reqntid") || is(".minnctapersm") || is(".maxnreg")) {
            const std::string directive = next().text;
            uint32_t product = static_cast<uint32_t>(integer());
            while (skip(",")) {
                product *= static_cast<uint32_t>(integer());
            }

            if (directive == ".reqntid") {
                fail(".reqntid is not known");
            }

            function->most_threads = directive == ".maxntid" ? product : function->most_threads;
        }

        if (skip(";")) {
            return nullptr;
        }

        body(places);
        return function;
    }

    void body(Places& places);
    void declaration(Places& places);
    void shared(Places& places);
};

void Parser::body(Places& places) {
    auto& function = places.function();
    function.shared_bytes = SharedStart;
    std::map<std::string, uint32_t> labels;
    expect("{");
    for (int depth = 1; depth > 0;) {
        if (skip("{")) {
            depth++;
            places.open();
        } else if (skip("}")) {
            depth--;
            places.close();
        } else if (is(".reg")) {
            declaration(places);
        } else if (is(".shared")) {
            shared(places);
        } else if (peek().shape == Token::Word && peek(1).text == ":") {
            if (!labels.emplace(next().text, static_cast<uint32_t>(function.code.size())).second) {
                fail("a label stands twice");
            }

            next();
        } else if (!skip(";")) {
            const auto read = statement();
            try {
                encode(places, read);
            } catch (const PtxError& e) {
                throw PtxError("line " + std::to_string(read.line) + ": `" + read.text + "`: " + e.what());
            }
        }
    }

    for (const auto& [label, users] : places.uses) {
        const auto found = labels.find(label);
        if (found == labels.end()) {
            fail("the label " + label + " is missing");
        }

        for (const auto user : users) {
            function.code[user].target = found->second;
        }
    }

    // PTX ISA 9.7.12: after the last instruction a function returns.
    Statement last;
    last.opcode = last.text = "ret";
    encode(places, last);
    function.turns = turns_of(function.code);
}

void Parser::declaration(Places& places) {
    next();
    const Type type = type_after_dot();
    do {
        const std::string name = next().text;
        if (skip("<")) {
            const auto count = integer();
            expect(">");
            for (uint64_t i = 0; i < count; i++) {
                places.declare(name + std::to_string(i), type);
            }
        } else {
            places.declare(name, type);
        }
    } while (skip(","));
    expect(";");
}

void Parser::shared(Places& places) {
    next();
    uint32_t alignment = 1;
    if (skip(".align")) {
        alignment = static_cast<uint32_t>(integer());
    }

    const Type type = type_after_dot();
    const std::string name = next().text;
    uint32_t size = static_cast<uint32_t>(type.bytes());
    if (skip("[")) {
        size *= static_cast<uint32_t>(integer());
        expect("]");
    }

    expect(";");
    auto& function = places.function();
    alignment = std::max(alignment, static_cast<uint32_t>(type.bytes()));
    const uint32_t at = (function.shared_bytes + alignment - 1) / alignment * alignment;
    function.shared.push_back({name, at});
    function.shared_bytes = at + size;
}

}

std::unique_ptr<Program> parse_program(const std::string& text) { return Parser(text).parse(); }

}
