/* The Chinese of the program's texts; tests/cli compares it with the code. Add your command's
 * texts under a heading of its own, exactly as T() or N() has them. */
#include "lang.h"

const LangPair lang_zh[] = {
    /* main.c */
    { "sora %s: videos from words, made on this computer\n\n",
      "sora %s：在这台电脑上，用一句话生成视频\n\n" },
    { "usage: sora COMMAND [options] ...", "用法：sora 命令 [选项] ..." },
    { "sora COMMAND --help tells all about one.", "“sora 命令 --help”查看某个命令的详细说明。" },
    { "sora: there is no command '%s'; did you mean '%s'?\n",
      "sora：没有“%s”这个命令，您是想用“%s”吗？\n" },
    { "sora: there is no command '%s'; 'sora --help' lists them\n",
      "sora：没有“%s”这个命令，“sora --help”列出所有命令\n" },
    { "'sora %s --help' shows what can be said\n", "“sora %s --help”查看可用的写法\n" },

    /* options.c */
    { "show this text", "显示本说明" },
    { "report in JSON, one object a line", "以 JSON 输出，每行一个对象" },
    { "no progress, only results and errors", "不显示进度，只显示结果和错误" },
    { "processor threads to use, 0 for all", "使用的处理器线程数，0 表示全部" },
    { "there is no option --%s; did you mean --%s?", "没有选项 --%s，您是想用 --%s 吗？" },
    { "there is no option --%s", "没有选项 --%s" },
    { "there is no option -%c", "没有选项 -%c" },
    { "--%s takes no value, but got '%s'", "--%s 不带值，却写了“%s”" },
    { "--%s needs a value: --%s %s", "--%s 缺少值，应写作：--%s %s" },
    { "%s is missing", "缺少%s" },
    { "'%s' is one argument too many after %s", "“%s”是多余的参数，这里只需要：%s" },
    { "'%s': %s takes no arguments", "“%s”是多余的：%s 不带参数" },

    /* options_value.c */
    { "--%s is %s, it must be %s to %s", "--%s 的值是 %s，必须在 %s 到 %s 之间" },
    { "--%s is '%s', it must be a whole number", "--%s 的值是“%s”，必须是整数" },
    { "--%s is '%s', it must be a number", "--%s 的值是“%s”，必须是数字" },
    { "--%s is '%s', it must be a time such as 2.5s, 1m or 2h",
      "--%s 的值是“%s”，必须是时间，例如 2.5s、1m 或 2h" },
    { "--%s is '%s', it must be an amount such as 512M or 4G",
      "--%s 的值是“%s”，必须是容量，例如 512M 或 4G" },
    { "--%s is '%s', it must be WIDTHxHEIGHT in pixels, such as 256x144",
      "--%s 的值是“%s”，必须是以像素计的“宽x高”，例如 256x144" },
    { "--%s is '%s', did you mean %s? It must be one of %s",
      "--%s 的值是“%s”，您是想用 %s 吗？可选的有：%s" },
    { "--%s is '%s', it must be one of %s", "--%s 的值是“%s”，可选的有：%s" },
    { "--%s has more than %d values", "--%s 的值超过 %d 个" },
    { "N", "整数" },
    { "X", "数字" },
    { "TIME", "时间" },
    { "AMOUNT", "容量" },
    { "WxH", "宽x高" },
    { "A,B,...", "甲,乙,..." },
    { "FILE", "文件" },
    { "TEXT", "文字" },
    { "%s to %s", "%s 到 %s" },
    { "default %s", "默认 %s" },
    { ", ", "，" },

    /* options_help.c */
    { "%s (%s)", "%s（%s）" },
    { "usage: sora %s [options]%s%s\n", "用法：sora %s [选项]%s%s\n" },
    { "Options", "选项" },
    { "Every command", "所有命令通用" },
    { "Examples", "示例" },

    /* progress.c */
    { "%s left", "剩余 %s" },
    { "%s: %.6g of %.6g in %s  %s\n", "%s：完成 %.6g/%.6g，用时 %s  %s\n" },

    /* cmd_info.c */
    { "show what a video, a picture or a model file holds", "显示视频、图片或模型文件的内容" },
    { "FILE...", "文件..." },
    { "list the tensors of a model file", "列出模型文件中的张量" },
    { "%s: %zu tensors, %zu numbers, %.1f MB\n", "%s：%zu 个张量，%zu 个数，%.1f MB\n" },
    { "%s: %zux%zu, %s\n", "%s：%zux%zu，%s\n" },
    { "  %zu frames, %.4g a second, %.4g s%s\n", "  %zu 帧，每秒 %.4g 帧，%.4g 秒%s\n" },
    { ", with sound", "，有声音" },

    /* cmd_completion.c */
    { "print what bash or zsh needs to complete command lines",
      "输出 bash 或 zsh 补全命令行所需的脚本" },
    { "the shell is '%s', it must be bash or zsh", "shell 是“%s”，必须是 bash 或 zsh" },

    /* cmd_manual.c */
    { "print the man page", "输出手册页" },
    { "NAME", "名称" },
    { "videos from words, made on this computer", "在这台电脑上，用一句话生成视频" },
    { "SYNOPSIS", "概要" },
    { "COMMAND [options] ...", "命令 [选项] ..." },
    { "COMMANDS", "命令" },
    { "EXIT STATUS", "退出状态" },
    { "all went well", "一切顺利" },
    { "it could not be done; one sentence on standard error says why",
      "未能完成，标准错误输出中有一句话说明原因" },
    { "the command line is wrong", "命令行有误" },
    { "stopped with Ctrl\\-C; nothing half done is left", "被 Ctrl\\-C 中止，不会留下半成品" },
    { "ENVIRONMENT", "环境变量" },
    { "the first that is set decides the language: zh* is Chinese, all else English",
      "第一个已设置的变量决定语言：zh* 为中文，其余为英文" },
    { "the instructions to use at most: ref, avx2, avx512, amx",
      "最多使用的指令集：ref、avx2、avx512、amx" },

    { NULL, NULL },
};

const LangPair lang_zh_errors[] = {
    { "while %s: %s", "%s时：%s" },
    { "cannot open %s: No such file or directory", "找不到文件 %s" },
    { "cannot open %s: %s", "无法打开 %s：%s" },
    { "%s is a folder, a file is needed", "%s 是文件夹，需要的是文件" },
    { "%s is a damaged or cut WebP file", "%s 是损坏或不完整的 WebP 文件" },
    { "%s is not a video or picture that can be read, or is damaged",
      "%s 不是能读取的视频或图片，或已损坏" },
    { "%s is damaged or cut short at frame %s", "%s 已损坏或不完整，问题在第 %s 帧" },
    { "%s has no pictures in it", "%s 里没有画面" },
    { "%s is empty", "%s 是空文件" },
    { "%s is an address; only files are read", "%s 是网址，只能读取文件" },
    { "%s is a playlist or a page, not a video: name the video itself",
      "%s 是播放列表或网页，不是视频，请直接指定视频文件" },
    { "%s exists already", "%s 已经存在" },
    { "%s: the name must end in .mp4, .webm, .gif, .webp, .png, .y4m or / for a folder of pictures",
      "%s：文件名必须以 .mp4、.webm、.gif、.webp、.png、.y4m 结尾，或以 / 结尾表示图片文件夹" },
    { "%s: an MP4 has even sides, this is %s", "%s:MP4 的边长必须是偶数，而这里是 %s" },
    { "cannot write %s: %s", "无法写入 %s：%s" },
    { "cannot write beside %s: No such file or directory", "无法写入 %s：文件夹不存在" },
    { "cannot write beside %s: %s", "无法写入 %s：%s" },
    { NULL, NULL },
};
